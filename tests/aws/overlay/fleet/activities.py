"""What a group did, newest first: its scaling activities.

https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html
"""

from ministack.core.responses import new_uuid, now_iso

_activities = {}


def reset():
    _activities.clear()


def activity(group, description, cause, status="InProgress", message="", zone="", subnet=""):
    found = {
        "ActivityId": new_uuid(), "AutoScalingGroupName": group["AutoScalingGroupName"], "Description": description,
        "Cause": cause, "StartTime": now_iso(), "EndTime": None, "StatusCode": status, "StatusMessage": message,
        "Progress": 50, "Details": f'{{"Subnet ID":"{subnet}","Availability Zone":"{zone}"}}',
    }  # fmt: skip
    _activities.setdefault(group["AutoScalingGroupARN"], []).insert(0, found)
    if status in ("Successful", "Failed", "Cancelled"):
        end(found, status, message)
    return found


def end(found, status, message=""):
    found.update(StatusCode=status, StatusMessage=message, EndTime=now_iso(), Progress=100)


def activities(group):
    return _activities.get(group["AutoScalingGroupARN"], [])


def moment():
    return now_iso()[:19] + "Z"
