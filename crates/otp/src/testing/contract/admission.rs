//! Asking for a code, and for the same code again.

use wartel_core::{KeyId, Locale, PhoneNumber, TenantId};
use wartel_messaging::DeliveryState;

use super::super::{T0, admit_for, attempt, client, default_rules, phone_number, sample_phone};
use super::kit::*;
use crate::purpose::Purpose;
use crate::store::{Admission, AttemptOutcome, Refusal, Target};
use crate::verification::VerificationState;

/// A new phone gets a code, and a handle on it with everything that the caller may know.
pub async fn a_new_phone_gets_a_code(store: Store) {
    let request = ask(1).greeting("Budi", Locale::En).build();
    let (fresh, key) = (request.fresh, request.key.clone());
    let Admission::Send { view, send, .. } = good(store.admit(request, T0).await) else { panic!("refused") };
    assert_eq!(view.id, fresh.verification);
    assert_eq!((view.phone, view.purpose), (sample_phone(), Purpose::REGISTRATION));
    assert_eq!((view.state, view.delivery), (VerificationState::Pending, DeliveryState::Queued));
    assert_eq!((view.attempts_left, view.expires_at, view.resend_at), (5, at(300), at(60)));
    assert_eq!((send.tenant, send.phone), (TenantId::default(), sample_phone()));
    assert_eq!((send.purpose, send.send, send.key), (Purpose::REGISTRATION, fresh.send, key));
    assert!(send.nonce == fresh.nonce, "the nonce is another one");
    assert_eq!((send.expires_at, send.locale), (at(300), Locale::En));
    assert_eq!(send.greeting.as_deref(), Some("Budi"));
}

/// What was given can be read afterwards.
pub async fn a_verification_can_be_read(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert_eq!(view(&store, one.id, at(1)).await, one.view);
    let snapshot = snapshot(&store, &Target::Id(one.id), at(1)).await;
    let live = snapshot.and_then(|snapshot| snapshot.live).unwrap_or_else(|| panic!("not live"));
    assert_eq!((live.phone, live.purpose, live.key), (sample_phone(), Purpose::REGISTRATION, one.send.key));
    assert!(live.nonce == one.send.nonce, "the nonce is another one");
}

/// An id that nobody has is nothing.
pub async fn an_unknown_id_is_nothing(store: Store) {
    given(&store, &ask(1), T0).await;
    let id = crate::VerificationId::random();
    assert!(snapshot(&store, &Target::Id(id), T0).await.is_none());
    assert!(!cancel(&store, id, T0).await);
}

/// While a code lives, every request sends the same one.
pub async fn the_same_code_is_sent_while_it_lives(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let two = given(&store, &ask(2), at(60)).await;
    assert!(one.send.nonce == two.send.nonce && one.send.key == two.send.key, "another code is sent");
    assert_ne!(one.send.send, two.send.send);
    assert_eq!(challenge(&store, one.id, at(60)).await, challenge(&store, two.id, at(60)).await);
}

/// A code is dead from its end on, to the microsecond, and the next one is another.
pub async fn a_code_ends_when_its_time_is_over(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    assert_eq!(state(&store, one.id, at(300) - MICRO).await, VerificationState::Pending);
    assert_eq!(state(&store, one.id, at(300)).await, VerificationState::Expired);
    let dead = snapshot(&store, &Target::Id(one.id), at(300)).await;
    assert!(dead.is_some_and(|dead| dead.live.is_none()), "a dead code can be given");
    let two = given(&store, &ask(1), at(300)).await;
    assert!(one.send.nonce != two.send.nonce && one.id != two.id, "a dead code is sent again");
}

/// A resend makes the code live on, for everybody.
pub async fn a_resend_prolongs_the_code(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let two = given(&store, &ask(2), at(60)).await;
    assert_eq!((two.view.expires_at, two.send.expires_at), (at(360), at(360)));
    assert_eq!(view(&store, one.id, at(60)).await.expires_at, at(360));
    assert_eq!(state(&store, one.id, at(360) - MICRO).await, VerificationState::Pending);
}

/// However often it is sent, a code ends ten minutes after it was made.
pub async fn a_code_never_lives_past_its_longest_life(store: Store) {
    for (sent, ends) in [(0, 300), (250, 550), (310, 600), (540, 600)] {
        let one = given(&store, &ask_quick(1), at(sent)).await;
        assert_eq!((one.view.expires_at, one.send.expires_at), (at(ends), at(ends)));
    }
}

/// A policy with shorter lives does not cut what was promised.
pub async fn a_resend_never_shortens_a_code(store: Store) {
    given(&store, &ask(1), T0).await;
    let two = given(&store, &ask(1).rules(|rules| rules.ttl = MINUTE), at(60)).await;
    assert_eq!(two.view.expires_at, at(300));
}

/// A code with thirty seconds left is sent; with a microsecond less it is not, and is not replaced either.
pub async fn no_code_is_sent_with_too_little_life(store: Store) {
    let late = phone_number(2);
    for phone in [sample_phone(), late.clone()] {
        let request = admit_for(&phone).quick();
        given(&store, &request, T0).await;
        given(&store, &request, at(299)).await;
    }
    let ask = |phone: &PhoneNumber| admit_for(phone).quick().client(client(9));
    assert_eq!(given(&store, &ask(&sample_phone()), at(570)).await.view.expires_at, at(600));
    assert_eq!(refused(&store, &ask(&late), at(570) + MICRO).await, (Refusal::ResendTooSoon, at(599)));
    given(&store, &ask(&late), at(599)).await;
}

/// Each purpose has its own code.
pub async fn purposes_have_their_own_codes(store: Store) {
    let one = given(&store, &ask_quick(1), T0).await;
    let two = given(&store, &ask_quick(1).purpose(Purpose::LOGIN), at(1)).await;
    assert!(one.send.nonce != two.send.nonce && one.id != two.id, "two purposes share a code");
    assert_eq!(view(&store, two.id, at(1)).await.purpose, Purpose::LOGIN);
    assert_eq!(state(&store, one.id, at(1)).await, VerificationState::Pending);
}

/// Tenants share nothing: no id, no code, no wait.
pub async fn tenants_do_not_see_each_other(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let two = given(&store, &ask(1).tenant(&other_tenant()), T0).await;
    assert!(one.send.nonce != two.send.nonce, "two tenants share a code");
    assert_eq!(two.send.tenant, other_tenant());
    assert!(snapshot(&store, &Target::Id(two.id), T0).await.is_none(), "another tenant's id can be read");
    assert!(!cancel(&store, two.id, T0).await);
    let theirs = good(store.get(&other_tenant(), &Target::Id(two.id), T0).await);
    let live = theirs.and_then(|snapshot| snapshot.live).map(|live| live.id);
    let outcome = good(store.attempt(attempt(Target::Id(two.id), live, true), T0).await);
    assert_eq!(outcome, AttemptOutcome::NoActiveCode);
}

/// The wait of one phone is not another's.
pub async fn phones_do_not_see_each_other(store: Store) {
    let one = given(&store, &ask(1), T0).await;
    let two = given(&store, &admit_for(&phone_number(2)).client(client(1)), T0).await;
    assert!(one.send.nonce != two.send.nonce && one.id != two.id, "two phones share a code");
    assert_eq!(view(&store, two.id, T0).await.phone, phone_number(2));
}

/// Each caller's message has that caller's name and language, also after a crash.
pub async fn a_message_is_for_who_asked(store: Store) {
    let mut sends = [
        given(&store, &ask_quick(1).greeting("Budi", Locale::Id), T0).await.send,
        given(&store, &ask_quick(2).greeting("Siti", Locale::En), at(1)).await.send,
    ];
    let mut again = lease(&store, 10, at(31)).await;
    sends.sort_by_key(|send| send.send);
    again.sort_by_key(|send| send.send);
    let shown = |send: &crate::store::LeasedSend| (send.send, send.greeting.clone(), send.locale);
    assert_eq!(again.iter().map(shown).collect::<Vec<_>>(), sends.iter().map(shown).collect::<Vec<_>>());
    assert_ne!(sends.first().map(|send| send.locale), sends.last().map(|send| send.locale));
}

/// A code whose key was dropped is dead; a new one is made with the new key.
pub async fn a_dropped_key_makes_a_new_code(store: Store) {
    let one = given(&store, &ask(1).keys("old", &[]), T0).await;
    let two = given(&store, &ask(1).keys("new", &[]), at(60)).await;
    assert!(one.send.nonce != two.send.nonce && one.id != two.id, "a code that nobody can check is sent");
    assert_eq!(two.send.key, KeyId::from_stored("new"));
    assert_eq!(state(&store, one.id, at(60)).await, VerificationState::Expired);
}

/// A code of an older key that still holds is sent again as it is.
pub async fn an_older_key_keeps_its_code(store: Store) {
    let one = given(&store, &ask(1).keys("old", &[]), T0).await;
    let two = given(&store, &ask(1).keys("new", &["old"]), at(60)).await;
    assert!(one.send.nonce == two.send.nonce && one.id == two.id, "a live code is replaced");
    assert_eq!(two.send.key, KeyId::from_stored("old"));
}

/// A phone that nobody asked for is nothing.
pub async fn an_unknown_phone_is_nothing(store: Store) {
    given(&store, &ask(1), T0).await;
    let target = super::super::by_phone(&phone_number(2), Purpose::REGISTRATION, Some(client(1)));
    assert!(snapshot(&store, &target, T0).await.is_none());
    let outcome = check_target(&store, &target, true, default_rules(), T0).await;
    assert_eq!(outcome, AttemptOutcome::NoActiveCode);
}

/// A new challenge is told from a further send of one that lives.
pub async fn a_new_challenge_is_told_from_a_resend(store: Store) {
    for (now, new) in [(T0, true), (at(60), false), (at(700), true)] {
        match good(store.admit(ask(1).build(), now).await) {
            Admission::Send { begun, .. } => assert_eq!(begun, new, "at {now:?}"),
            other => panic!("no code is sent but {other:?}"),
        }
    }
}
