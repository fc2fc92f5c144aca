"""CloudWatch alarms on metric math, and what the others forget.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudwatch-alarm.html
No expression is evaluated: such an alarm goes off by SetAlarmState only.
"""

from ministack.services.cloudformation import provisioners

from ..hooks import replace


def record(name, properties):
    metrics = properties.get("Metrics")
    if metrics:
        properties = {**properties, "MetricName": "expression", "Namespace": "expression"}
        properties.pop("Metrics")
    alarm = plain_record(name, properties)
    if metrics:
        for key in ("MetricName", "Namespace", "Statistic", "Period", "Dimensions"):
            alarm.pop(key, None)
        alarm["Metrics"] = [{**it, "ReturnData": it.get("ReturnData", True) is True} for it in metrics]
    if alarm.get("ExtendedStatistic"):
        alarm.pop("Statistic", None)
    if properties.get("DatapointsToAlarm"):
        alarm["DatapointsToAlarm"] = int(properties["DatapointsToAlarm"])
    return {key: it for key, it in alarm.items() if it is not None}


plain_record = replace(provisioners, "_cw_metric_alarm_record", record)
