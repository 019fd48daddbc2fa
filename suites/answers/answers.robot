*** Settings ***
Documentation    Wrong answers.

Resource         ../../fixtures/robot/terminal.resource

Test Tags        requirement:MAC-ANSWER


*** Test Cases ***
Approval With A Wrong MAC
    Terminal Is Ready
    Host Plays    sale    WrongMac
    Free Sale    37.00
    Action Ended As    bad_mac
