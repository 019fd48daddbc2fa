*** Settings ***
Documentation    Reprint.

Resource         ../../fixtures/robot/terminal.resource

Test Tags        requirement:REPRINT


*** Test Cases ***
Reprint The Last Sale
    Terminal Is Ready
    Free Sale    61.20
    Reprint Last Slip
