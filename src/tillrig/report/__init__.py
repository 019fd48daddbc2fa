"""From a run's evidence to what people and machines read: summary.json, the HTML page, JUnit, Allure."""
