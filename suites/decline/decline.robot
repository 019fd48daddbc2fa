*** Settings ***
Documentation    A decline.

Resource         ../../fixtures/robot/terminal.resource

Test Tags        requirement:SALE-DECLINE


*** Test Cases ***
Insufficient Funds
    Terminal Is Ready
    Make Sale    10.00    card=poor
    Action Ended As    declined    code=51

The Host Declines With A Code Of The Test's Choice
    Terminal Is Ready
    Host Plays    sale    Decline    code=58
    Free Sale    11.00
    Action Ended As    declined    code=58
