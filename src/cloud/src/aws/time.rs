use aws_smithy_types::DateTime;
use jiff::Timestamp;

/// AWS's time in ours. A time beyond what we can say, which AWS has none of, is the epoch.
pub(super) fn ours(time: &DateTime) -> Timestamp {
    let nanoseconds = i32::try_from(time.subsec_nanos()).unwrap_or_default();
    Timestamp::new(time.secs(), nanoseconds).unwrap_or_default()
}
