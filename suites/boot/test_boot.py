"""Power-on, and the version in every place that shows it."""

import pytest

from tillrig import Console, PowerOn, ShowVersion, SignIn


@pytest.mark.requirement("BOOT-SCREEN")
def test_power_on_leads_through_the_boot_screen_to_the_operator_prompt(till):
    till.do(PowerOn())


@pytest.mark.requirement("BOOT-SCREEN", "VERSION")
def test_boot_screen_menu_and_console_show_the_same_version(till):
    till.do(PowerOn())
    till.do(SignIn())
    till.do(ShowVersion())
    till.do(Console(command="version"))
