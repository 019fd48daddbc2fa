*** Settings ***
Documentation    Cancel.

Resource         ../../fixtures/robot/terminal.resource

Test Tags        requirement:CANCEL


*** Test Cases ***
Cancel At The Card Prompt
    Terminal Is Ready
    Make Sale    15.00    cancel_at=ask_card
    Action Ended As    cancelled at ask_card
