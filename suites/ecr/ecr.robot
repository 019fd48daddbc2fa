*** Settings ***
Documentation    The cash-register line.

Resource         ../../fixtures/robot/terminal.resource

Test Tags        requirement:ECR-SALE


*** Test Cases ***
Heartbeat, Sign-in And Sale
    Terminal Is Ready
    Cash Register Heartbeat
    Cash Register Sign In
    Cash Register Sale    45.60    card=credit-chip    entry=contactless    pin=none
