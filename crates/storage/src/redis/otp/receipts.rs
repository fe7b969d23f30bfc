//! Receipts that wait for their message, as the value of a key.

use serde_json::{Value, json};
use wartel_core::Timestamp;
use wartel_messaging::{DeliveryReceipt, DeliveryState, ProviderMessageId, ReceiptKey};

/// All states, for reading back their words.
const STATES: [DeliveryState; 7] = [
    DeliveryState::Queued,
    DeliveryState::Unknown,
    DeliveryState::Accepted,
    DeliveryState::Sent,
    DeliveryState::Failed,
    DeliveryState::Delivered,
    DeliveryState::Read,
];

/// Adds a receipt to those that wait; answers `false` if the same one waits already.
pub(super) fn add(waiting: &mut Vec<DeliveryReceipt>, receipt: &DeliveryReceipt) -> bool {
    let same = |kept: &DeliveryReceipt| kept.key == receipt.key && kept.state == receipt.state;
    let is_new = !waiting.iter().any(same);
    if is_new {
        waiting.push(receipt.clone());
    }
    is_new
}

pub(super) fn encode(waiting: &[DeliveryReceipt]) -> Vec<u8> {
    let one = |receipt: &DeliveryReceipt| {
        json!({
            "provider": receipt.provider,
            "message_id": receipt.key.message_id.as_ref().map(ProviderMessageId::as_str),
            "state_id": receipt.key.state_id.as_ref().map(ProviderMessageId::as_str),
            "state": receipt.state.as_str(),
            "at": receipt.at.map(Timestamp::as_micros),
        })
    };
    Value::Array(waiting.iter().map(one).collect()).to_string().into_bytes()
}

/// `None` if it is not what [`encode`] gave.
pub(super) fn decode(value: &[u8]) -> Option<Vec<DeliveryReceipt>> {
    let Value::Array(all) = serde_json::from_slice(value).ok()? else { return None };
    all.iter().map(receipt).collect()
}

fn receipt(value: &Value) -> Option<DeliveryReceipt> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let id = |name: &str| text(name).map(ProviderMessageId::new);
    let key = ReceiptKey::new(id("message_id"), id("state_id"))?;
    let word = text("state")?;
    let state = STATES.into_iter().find(|state| state.as_str() == word)?;
    let at = value.get("at").and_then(Value::as_i64).map(Timestamp::from_micros);
    Some(DeliveryReceipt::new(text("provider")?, key, state).with_at(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn receipts_are_read_back() {
        let id = |text: &str| Some(ProviderMessageId::new(text));
        let mut waiting = Vec::new();
        for (number, state) in STATES.into_iter().enumerate() {
            let key = if number % 2 == 0 {
                ReceiptKey::new(id("m\0\"1"), None)
            } else {
                ReceiptKey::new(id("m1"), id("s1"))
            };
            let at = (number > 3).then_some(Timestamp::from_micros(-7));
            let receipt = DeliveryReceipt::new("fonnte", key.unwrap(), state).with_at(at);
            assert!(add(&mut waiting, &receipt));
            assert!(!add(&mut waiting, &receipt), "the same is kept twice");
        }
        assert_eq!(decode(&encode(&waiting)).as_ref(), Some(&waiting));
        for bad in ["", "{}", "[1]", r#"[{"provider":"a","state":"sent"}]"#] {
            assert!(decode(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
