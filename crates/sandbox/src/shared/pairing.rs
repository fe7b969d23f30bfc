//! How devices are linked to phones and lose the link again.

use std::sync::Arc;

use serde_json::{Value, json};
use wartel_core::Timestamp;

use super::Shared;
use crate::device::{CODE_LIFE, Device, DeviceState, Link, MAX_QRS, pairing_code, qr_life, qr_text};
use crate::phone::phone_key;
use crate::provider::{DeviceChange, Event};

/// Why nothing can be shown to pair a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PairingRefused {
    /// It is linked already.
    AlreadyPaired,
    /// WhatsApp has banned the number, until then or for good.
    Banned(Option<Timestamp>),
}

impl Shared {
    /// Shows a QR code, or gives the one that is shown; newer ones follow by themselves.
    pub(crate) fn show_qr(self: &Arc<Self>, device: &Arc<Device>) -> Result<Link, PairingRefused> {
        self.may_pair(device)?;
        let shown = device.link();
        if shown.state() == DeviceState::QrShown {
            return Ok(shown);
        }
        let pairing = device.next_pairing();
        let first = self.qr(device, pairing, 1);
        let free = |link: &Link| !link.is_paired() && link.state() != DeviceState::QrShown;
        if !self.change(device, |link| free(link).then(|| first.clone())) {
            // Somebody else was faster; theirs is the one that is shown.
            return Ok(device.link());
        }
        let (shared, device, shown) = (Arc::clone(self), Arc::clone(device), first.clone());
        self.tasks.spawn_until_reset(async move { shared.rotate(&device, pairing, shown).await });
        Ok(first)
    }

    /// Shows a code to type on the phone of this number, or gives the one that is shown for it.
    pub(crate) fn show_code(
        self: &Arc<Self>,
        device: &Arc<Device>,
        phone: &str,
    ) -> Result<Link, PairingRefused> {
        self.may_pair(device)?;
        let phone = phone_key(phone);
        let shown = device.link();
        if matches!(&shown, Link::CodeShown { phone: known, .. } if *known == phone) {
            return Ok(shown);
        }
        let code = pairing_code(&device.number, device.next_pairing());
        let next = Link::CodeShown { code, phone, until: self.now() + CODE_LIFE };
        self.change(device, |link| (!link.is_paired()).then(|| next.clone()));
        let (shared, device, shown) = (Arc::clone(self), Arc::clone(device), next.clone());
        self.tasks.spawn_until_reset(async move {
            tokio::time::sleep(CODE_LIFE).await;
            shared.change(&device, |link| (*link == shown).then_some(Link::Unpaired));
        });
        Ok(next)
    }

    fn may_pair(&self, device: &Device) -> Result<(), PairingRefused> {
        match device.link() {
            Link::Paired | Link::Connected => Err(PairingRefused::AlreadyPaired),
            Link::Banned { until } if until.is_none_or(|until| until > self.now()) => {
                Err(PairingRefused::Banned(until))
            }
            _ => Ok(()),
        }
    }

    fn qr(&self, device: &Device, pairing: u64, number: u32) -> Link {
        let text = qr_text(&device.number, pairing, number);
        Link::QrShown { text, number, until: self.now() + qr_life(number) }
    }

    /// Replaces the QR code as long as nobody scans it, then ends the pairing.
    async fn rotate(&self, device: &Device, pairing: u64, mut shown: Link) {
        for number in 1..=MAX_QRS {
            tokio::time::sleep(qr_life(number)).await;
            let next = if number < MAX_QRS { self.qr(device, pairing, number + 1) } else { Link::Unpaired };
            if !self.change(device, |link| (*link == shown).then(|| next.clone())) {
                return;
            }
            shown = next;
        }
    }

    /// The phone scans the QR code, or the person types the code. Says whether there was one, and that one. The
    /// connection follows after a moment if `connect` says so.
    pub(crate) fn scan(self: &Arc<Self>, device: &Arc<Device>, qr: Option<&str>, connect: bool) -> bool {
        let shown = |link: &Link| match (link, qr) {
            (Link::QrShown { text, .. }, Some(qr)) => text == qr,
            (Link::CodeShown { code, .. }, Some(qr)) => code == qr,
            (link, None) => link.shows_code(),
            _ => false,
        };
        let scanned = self.change(device, |link| shown(link).then_some(Link::Paired));
        if scanned && connect {
            self.connect_later(device, Link::Paired);
        }
        scanned
    }

    /// Connects the device after a moment, if it still is like this then.
    fn connect_later(self: &Arc<Self>, device: &Arc<Device>, from: Link) {
        let (shared, device) = (Arc::clone(self), Arc::clone(device));
        self.tasks.spawn_until_reset(async move {
            tokio::time::sleep(shared.options.connected_after).await;
            shared.change(&device, |link| (*link == from).then_some(Link::Connected));
        });
    }

    /// The application asks for the connection of a linked device. Says whether it is linked.
    pub(crate) fn reconnect(self: &Arc<Self>, device: &Arc<Device>) -> bool {
        let link = device.link();
        if link == Link::Disconnected {
            self.connect_later(device, link.clone());
        }
        link.is_paired()
    }

    /// The phone scans or the person types, and WhatsApp asks for a passkey. Says whether something was shown, and whether
    /// the provider knows passkeys.
    pub(crate) fn ask_passkey(&self, device: &Device) -> bool {
        device.kind.has_passkeys()
            && self.change(device, |link| link.shows_code().then_some(Link::PasskeyRequired))
    }

    /// The person gives the passkey. Says whether one was asked for.
    pub(crate) fn give_passkey(&self, device: &Device) -> bool {
        let code = pairing_code(&device.number, device.next_pairing());
        let next = || Link::PasskeyConfirmation { code: code.clone() };
        self.change(device, |link| (*link == Link::PasskeyRequired).then(next))
    }

    /// The person confirms the code of the passkey; the device is linked. Says whether there was one.
    pub(crate) fn confirm_passkey(self: &Arc<Self>, device: &Arc<Device>) -> bool {
        let waits = |link: &Link| matches!(link, Link::PasskeyConfirmation { .. });
        let confirmed = self.change(device, |link| waits(link).then_some(Link::Paired));
        if confirmed {
            self.connect_later(device, Link::Paired);
        }
        confirmed
    }

    /// The person refuses on the phone, or gives up: nothing is shown any more. Says whether something was.
    pub(crate) fn refuse_scan(&self, device: &Device) -> bool {
        self.change(device, |link| link.is_pairing().then_some(Link::Unpaired))
    }

    /// The phone removes the device, or somebody logs it out. Says whether it was linked.
    pub(crate) fn log_out(&self, device: &Device) -> bool {
        self.change(device, |link| link.is_paired().then_some(Link::LoggedOut))
    }

    /// WhatsApp bans the number, until then or for good.
    pub(crate) fn ban(&self, device: &Device, until: Option<Timestamp>) {
        self.change(device, |_| Some(Link::Banned { until }));
    }

    /// Connects the device, linked or not, or breaks its connection. Says whether this changed anything.
    pub(crate) fn connect_device(&self, device: &Device, connected: bool) -> bool {
        self.change(device, |link| match (connected, link) {
            (true, _) => Some(Link::Connected),
            (false, Link::Connected | Link::Paired) => Some(Link::Disconnected),
            (false, _) => None,
        })
    }

    /// Changes the link, shows it and tells the application. Says whether anything changed.
    fn change(&self, device: &Device, change: impl FnOnce(&Link) -> Option<Link>) -> bool {
        let Some(before) = device.change_link(change) else { return false };
        let link = device.link();
        self.events.emit("device", None, &self.device_json(device));
        let news = match link {
            Link::QrShown { text, number, .. } => DeviceChange::Qr { text, number },
            Link::CodeShown { code, .. } => DeviceChange::Code { code },
            Link::PasskeyRequired => DeviceChange::PasskeyRequired,
            Link::PasskeyConfirmation { .. } => DeviceChange::PasskeyConfirmation,
            Link::Unpaired if before.is_pairing() => DeviceChange::PairingEnded,
            Link::Unpaired | Link::LoggedOut => DeviceChange::LoggedOut,
            Link::Paired => DeviceChange::Paired,
            Link::Connected => DeviceChange::Connected,
            Link::Disconnected => DeviceChange::Disconnected,
            Link::Banned { until } => DeviceChange::Banned { until },
        };
        self.tell(device, &device.number, &Event::Device(&news), None);
        true
    }

    /// A device as the control API and the event stream show it. Its token is not in it.
    pub(crate) fn device_json(&self, device: &Device) -> Value {
        let link = device.link();
        let mut json = json!({
            "device": device.number,
            "provider": device.kind.name(),
            "name": device.name,
            "connected": link == Link::Connected,
            "state": link.state().as_str(),
            "quota": device.quota(),
            "deaf": device.is_deaf(),
            "timelock_until": device.timelock(self.now()).map(Timestamp::to_rfc3339),
        });
        let more = match link {
            Link::QrShown { text, until, .. } => json!({"qr": text, "until": until.to_rfc3339()}),
            Link::CodeShown { code, until, .. } => json!({"code": code, "until": until.to_rfc3339()}),
            Link::Banned { until: Some(until) } => json!({"until": until.to_rfc3339()}),
            _ => json!({}),
        };
        if let (Some(fields), Value::Object(more)) = (json.as_object_mut(), more) {
            fields.extend(more);
        }
        json
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::{DeviceState, ProviderKind, Sandbox};

    #[tokio::test(start_paused = true)]
    async fn a_qr_code_lives_60_seconds_and_the_next_five_20() {
        let sandbox = Sandbox::builder().unpaired(ProviderKind::Waha).start().await.unwrap();
        let device = sandbox.device(ProviderKind::Waha);
        let show = || sandbox.shared.show_qr(&device.device).unwrap();
        assert_eq!(show(), show(), "asked again it is the same one");
        let mut seen = vec![device.shown().unwrap()];
        tokio::time::sleep(Duration::from_millis(59_900)).await;
        assert_eq!(device.shown(), seen.last().cloned());
        for _ in 1..6 {
            tokio::time::sleep(Duration::from_secs(20)).await;
            let shown = device.shown().unwrap();
            assert!(!seen.contains(&shown));
            seen.push(shown);
        }
        assert!(!device.scan_text(&seen[4]), "the last but one is out of date");
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!(device.state(), DeviceState::Unpaired);
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_lives_180_seconds_and_a_scan_connects_after_a_moment() {
        let sandbox = Sandbox::builder().unpaired(ProviderKind::Waha).start().await.unwrap();
        let device = sandbox.device(ProviderKind::Waha);
        let show = |phone: &str| sandbox.shared.show_code(&device.device, phone).unwrap();
        assert_eq!(show("6281234567890"), show("081234567890"));
        tokio::time::sleep(Duration::from_secs(179)).await;
        assert_eq!(device.state(), DeviceState::CodeShown);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(device.state(), DeviceState::Unpaired, "nobody typed it");
        show("081234567890");
        assert!(device.scan());
        assert_eq!(device.state(), DeviceState::Paired);
        tokio::time::sleep(Duration::from_millis(301)).await;
        assert_eq!(device.state(), DeviceState::Connected);
    }
}
