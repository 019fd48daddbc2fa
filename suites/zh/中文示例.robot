Language: zh-CN

*** 设置 ***
说明      中文示例：签到、消费、结算

资源文件    ../../fixtures/robot/终端.resource

用例标签    requirement:SIGNIN    requirement:SALE-RESULT    requirement:SETTLE-SLIP


*** 用例 ***
签到后消费并结算
    签到    01
    消费    12.34
    结算
