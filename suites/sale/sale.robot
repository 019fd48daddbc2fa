*** Settings ***
Documentation    One sale in each entry mode.

Resource         ../../fixtures/robot/terminal.resource

Test Setup       Terminal Is Ready

Test Tags        requirement:SALE-REQUEST    requirement:SALE-RESULT


*** Test Cases ***
Chip Sale With PIN
    Make Sale    12.34

Stripe Sale With PIN
    Make Sale    1.00    card=debit-stripe    entry=stripe

Contactless Sale Without PIN
    Free Sale    1000.00
