*** Settings ***
Documentation    Settlement.

Resource         ../../fixtures/robot/terminal.resource

Test Tags        requirement:SETTLE-REQUEST    requirement:SETTLE-SLIP    requirement:SETTLE-NEXT


*** Test Cases ***
Settle A Batch
    Terminal Is Ready    records=0
    Free Sale    71.00
    Ask Console    journal export
    Settle Batch
    Action Ended As    balanced
