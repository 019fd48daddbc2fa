*** Settings ***
Documentation    A lost answer.

Resource         ../../fixtures/robot/terminal.resource

Test Tags        requirement:NO-ANSWER    requirement:REVERSAL-FIRST


*** Test Cases ***
No Answer Then Reversal
    Terminal Is Ready
    Host Plays    sale    NoAnswer
    Free Sale    30.00
    Action Ended As    no_answer
    Free Sale    31.00
    Action Ended As    reversal done, approved
