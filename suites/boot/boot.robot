*** Settings ***
Documentation    Power-on and version.

Resource         ../../fixtures/robot/terminal.resource


*** Test Cases ***
Power On And Version
    [Tags]    requirement:BOOT-SCREEN    requirement:VERSION
    Power On Terminal
    Sign In
    Show Version
    Ask Console    version
    Ask Console    status

Sleep And Wake
    [Tags]    requirement:SLEEPS    requirement:WAKE
    Terminal Is Ready
    Let Terminal Sleep
