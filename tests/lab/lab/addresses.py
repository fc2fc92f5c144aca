"""Where things are in the lab. Documentation networks (RFC 5737) stand for the internet."""

REGION = "eu-west-1"
ACCOUNT = "123456789012"

# Every API of AWS's, over HTTPS.
AWS = "198.51.100.10"
# https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
DNS = "169.254.169.253"
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html
METADATA = "169.254.169.254"
# The same emulator without TLS, for what no client of AWS's sees.
CONTROL = ("127.0.0.1", 5700)
# Somebody on the internet.
CLIENT = "203.0.113.10"


def public_address(number):
    """Of the load balancer's node in the zone with this number, from 0."""
    return f"192.0.2.{11 + number}"
