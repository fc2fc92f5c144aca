//! Questions about many things at once, cut smaller where the server finds them too large.

use protocol::error::ErrorCode;

use crate::error::{ApiError, Result, SyncError};

/// Asks about at most `most` items at a time; one answer for each item, in their order.
///
/// # Errors
/// Of the call, `TooLarge` once it comes for a single item; or that answers are missing.
pub(crate) async fn ask<T: Clone, A, F>(
    items: &[T],
    most: usize,
    mut call: impl FnMut(Vec<T>) -> F,
) -> Result<Vec<A>>
where
    F: Future<Output = Result<Vec<A>, ApiError>>,
{
    let mut answers = Vec::with_capacity(items.len());
    let mut size = most;
    while answers.len() < items.len() {
        let part: Vec<T> = items[answers.len()..].iter().take(size).cloned().collect();
        let count = part.len();
        match call(part).await {
            Ok(answer) if answer.len() == count => answers.extend(answer),
            Ok(_) => {
                let text = "the server left out some of the answers; try again later";
                return Err(SyncError::Refused(text.to_owned()));
            }
            Err(error) if error.code() == Some(ErrorCode::TooLarge) && count > 1 => {
                size = count / 2;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use protocol::error::ErrorBody;

    use super::*;

    #[tokio::test]
    async fn what_is_too_large_is_halved_down_to_one() {
        let items: Vec<u32> = (0..10).collect();
        for limit in [1, 3, 10] {
            let answers = ask(&items, 10, |part: Vec<u32>| async move {
                let refused = ErrorBody::new(ErrorCode::TooLarge, "too large");
                if part.len() > limit {
                    Err(ApiError::Refused(Box::new(refused)))
                } else {
                    Ok(part)
                }
            });
            assert_eq!(answers.await.unwrap(), items);
        }
        let short = ask(&items, 10, |part: Vec<u32>| async move { Ok(part[1..].to_vec()) }).await;
        assert!(matches!(short, Err(SyncError::Refused(_))));
    }
}
