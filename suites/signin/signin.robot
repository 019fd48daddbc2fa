*** Settings ***
Documentation    Sign-in and sign-off.

Resource         ../../fixtures/robot/terminal.resource

Test Tags        requirement:SIGNIN    requirement:SIGNOFF


*** Test Cases ***
Sign In After One Wrong Password And Sign Off
    Terminal Is At Operator Prompt
    Sign In    operator=02    wrong=1
    Sign Off
