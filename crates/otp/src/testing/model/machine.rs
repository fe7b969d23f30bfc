//! Makes the steps on a store and compares its answers with the model's.

use std::sync::Arc;

use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;

use super::super::{admit_for, by_phone, client, phone_number, proof_hash, receipt};
use super::facts::{ACCOUNTS, Answer, Model, View, latest, tenant_of};
use super::steps::{Named, Outcome, Step};
use crate::budget::Budget;
use crate::code::Nonce;
use crate::purpose::Purpose;
use crate::store::{
    Admission, Admit, Attempt, DeliveryRecord, LeasedSend, OtpStore, Redeem, Redemption, SendOutcome,
    Snapshot, Target,
};
use crate::verification::{ChallengeId, VerificationId, VerificationState, VerificationView};

const PROVIDER: &str = "model";
const ALL: usize = 10_000;

/// What a store differs in.
type Compared = Result<(), String>;

/// Makes all steps on the store; `seen` is called before each.
pub(super) async fn run(
    store: &Arc<dyn OtpStore>,
    model: Model,
    steps: &[Step],
    seen: impl Fn(),
) -> Compared {
    let mut run = Run::new(Arc::clone(store), model);
    let mut compared = Ok(());
    for (number, step) in steps.iter().enumerate() {
        seen();
        compared = run.step(number, step).await.map_err(|why| format!("step {number}: {why}"));
        if compared.is_err() {
            break;
        }
    }
    let ended = run.end().await;
    compared.and(ended)
}

struct Run {
    store: Arc<dyn OtpStore>,
    model: Model,
    name: String,
    tenants: Vec<TenantId>,
    phones: Vec<PhoneNumber>,
    codes: Vec<(ChallengeId, Nonce)>,
    callers: Vec<VerificationId>,
    /// All leases of each send.
    leases: Vec<Vec<LeasedSend>>,
    /// The attempts that were approved.
    proofs: Vec<Attempt>,
}

fn good<T>(result: Result<T, StoreError>) -> Result<T, String> {
    result.map_err(|error| format!("the store failed: {error}"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, store: &T, model: &T) -> Compared {
    if store == model {
        Ok(())
    } else {
        Err(format!("{what}: the store says {store:?}, the model {model:?}"))
    }
}

fn purpose(index: usize) -> Purpose {
    [Purpose::REGISTRATION, Purpose::LOGIN][index].clone()
}

impl Run {
    fn new(store: Arc<dyn OtpStore>, model: Model) -> Self {
        // Other sequences on the same store must not meet this one.
        let name = uuid::Uuid::new_v4().simple().to_string()[..12].to_owned();
        let tenant = |index| match TenantId::parse(&format!("model-{name}-{index}")) {
            Ok(tenant) => tenant,
            Err(error) => panic!("a test uses a tenant that is none: {error}"),
        };
        let tenants = (0..=tenant_of(ACCOUNTS - 1)).map(tenant).collect();
        let phones = [1, 2, 1].map(phone_number).to_vec();
        let (codes, callers, leases, proofs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { store, model, name, tenants, phones, codes, callers, leases, proofs }
    }

    fn tenant(&self, account: usize) -> &TenantId {
        &self.tenants[tenant_of(account)]
    }

    async fn step(&mut self, number: usize, step: &Step) -> Compared {
        if self.is_skipped(step) {
            // The model's time goes on all the same, as it did when the sequence was made.
            self.model.step(step);
            return Ok(());
        }
        let now = self.model.now;
        // The store answers before the model, which then knows what to expect of it.
        match step {
            Step::Ask { account, purpose, client, own } => {
                self.ask(*account, *purpose, *client, *own, step, now).await?;
            }
            Step::CheckId { caller, foreign, matched, stale } => {
                if let Some(caller) = latest(&self.callers, *caller) {
                    let tenant = self.tenant_for(caller, *foreign);
                    let target = Target::Id(self.callers[caller]);
                    self.check(tenant, target, *matched, *stale, step, now).await?;
                }
            }
            Step::CheckPhone { account, purpose: of, client: from, matched, stale } => {
                let target = by_phone(&self.phones[*account], purpose(*of), from.map(client));
                let tenant = self.tenant(*account).clone();
                self.check(tenant, target, *matched, *stale, step, now).await?;
            }
            Step::Repeat { proof } => {
                if let Some(proof) = latest(&self.proofs, *proof) {
                    let outcome = good(self.store.attempt(self.proofs[proof].clone(), now).await)?;
                    same("a repeated check", &Answer::Check(outcome), &self.model.step(step))?;
                }
            }
            Step::Cancel { caller, foreign } => {
                if let Some(caller) = latest(&self.callers, *caller) {
                    let tenant = self.tenant_for(caller, *foreign);
                    let cancelled = good(self.store.cancel(&tenant, self.callers[caller], now).await)?;
                    same("cancel", &Answer::Flag(cancelled), &self.model.step(step))?;
                }
            }
            Step::Report { send, late, outcome } => self.report(*send, *late, *outcome, step, now).await?,
            Step::News { send, named, state } => {
                if let Some(send) = latest(&self.leases, *send) {
                    let (first, second) = (self.first_id(send), format!("s-{}-{send}", self.name));
                    let first = (*named != Named::Second).then_some(first.as_str());
                    let second = (*named != Named::First).then_some(second.as_str());
                    let news = receipt(PROVIDER, first, second, *state);
                    let matched = good(self.store.record_receipt(news, now).await)?;
                    same("news", &Answer::Flag(matched), &self.model.step(step))?;
                }
            }
            Step::Lease => self.lease(step, now).await?,
            Step::Redeem { proof, account, phone, purpose: of, by } => {
                if let Some(proof) = latest(&self.proofs, *proof) {
                    let redeem = Redeem {
                        tenant: self.tenant(*account).clone(),
                        proof: self.proofs[proof].proof_hash.clone(),
                        purpose: purpose(*of),
                        phone: phone.then(|| self.phones[*account].clone()),
                        by: format!("user-{by}"),
                    };
                    let redeemed = good(self.store.redeem(redeem, now).await)?;
                    let expected = match self.model.step(step) {
                        Answer::Redeemed(Some(account)) => Redemption::Phone(self.phones[account].clone()),
                        _ => Redemption::Refused,
                    };
                    same("redeem", &redeemed, &expected)?;
                }
            }
            Step::Purge => {
                self.purge(now).await?;
                self.model.step(step);
            }
            Step::Unlock { account } => {
                let cleared =
                    good(self.store.unlock(self.tenant(*account), &self.phones[*account], now).await)?;
                if let Answer::Flag(expected) = self.model.step(step) {
                    same("unlock", &cleared, &expected)?;
                }
            }
            Step::Forget { account } => {
                let forgotten =
                    good(self.store.forget(self.tenant(*account), &self.phones[*account], now).await)?;
                if self.model.step(step) == Answer::Flag(true) {
                    same("forget", &forgotten, &true)?;
                }
            }
            Step::Wait { .. } | Step::WaitFor { .. } => drop(self.model.step(step)),
        }
        self.compare_views(number).await
    }

    /// Whether a step is about something that does not exist yet.
    fn is_skipped(&self, step: &Step) -> bool {
        match step {
            Step::CheckId { caller, .. } | Step::Cancel { caller, .. } => {
                latest(&self.callers, *caller).is_none()
            }
            Step::Repeat { proof } | Step::Redeem { proof, .. } => latest(&self.proofs, *proof).is_none(),
            Step::News { send, .. } => latest(&self.leases, *send).is_none(),
            Step::Report { send, late, .. } => {
                latest(&self.leases, *send).is_none_or(|send| *late && self.leases[send].len() < 2)
            }
            _ => false,
        }
    }

    fn account_of(&self, caller: usize) -> usize {
        self.model.codes[self.model.callers[caller].code].account
    }

    fn first_id(&self, send: usize) -> String {
        format!("m-{}-{send}", self.name)
    }

    async fn ask(
        &mut self,
        account: usize,
        of: usize,
        from: Option<u8>,
        own: Option<usize>,
        step: &Step,
        now: Timestamp,
    ) -> Compared {
        let request = self.request(account, of, from, own);
        let fresh = request.fresh;
        let admission = good(self.store.admit(request, now).await)?;
        match (self.model.step(step), admission) {
            (Answer::Refused(limits), Admission::Refused { reason, until }) => {
                if limits.contains(&(reason, until)) {
                    Ok(())
                } else {
                    Err(format!(
                        "refused by {reason:?} until {until:?}; the limits that refuse are {limits:?}"
                    ))
                }
            }
            (Answer::Sent { send, caller, code }, Admission::Send { view, send: leased, begun }) => {
                same("whether the code is new", &begun, &(code == self.codes.len()))?;
                if begun {
                    self.codes.push((fresh.challenge, fresh.nonce));
                }
                if caller == self.callers.len() {
                    self.callers.push(fresh.verification);
                }
                same("the caller's id", &view.id, &self.callers[caller])?;
                same("the send", &(leased.send, leased.fence), &(fresh.send, 1))?;
                let known = &self.model.codes[code];
                same("the life of the code", &leased.expires_at, &known.dies)?;
                if leased.nonce != self.codes[code].1 {
                    return Err("another code is sent than the live one".to_owned());
                }
                same("the number of sends", &self.leases.len(), &send)?;
                self.leases.push(vec![leased]);
                same("the view", &Some(shown(&view)), &self.model.view(caller))
            }
            (expected, found) => Err(format!("the store answers {found:?}, the model {expected:?}")),
        }
    }

    fn request(&self, account: usize, of: usize, from: Option<u8>, own: Option<usize>) -> Admit {
        let limits = &self.model.limits;
        let tenant = self.tenant(account);
        let mut request = admit_for(&self.phones[account])
            .tenant(tenant)
            .purpose(purpose(of))
            .rules(|rules| rules.clone_from(&limits.rules))
            .phone_rates(limits.phone.clone());
        let mut shared = vec![Budget::new(format!("{tenant}/all"), limits.tenant)];
        if let Some(from) = from {
            shared.insert(0, Budget::new(format!("{tenant}/ip/{from}"), limits.client));
            let refused = Budget::new(format!("{tenant}/ip-refused/{from}"), limits.refused);
            request = request.client(client(from)).refusals([refused]);
        }
        if let Some(own) = own.and_then(|back| latest(&self.callers, back)) {
            request = request.own_id(self.callers[own]);
        }
        request.shared(shared).build()
    }

    async fn check(
        &mut self,
        tenant: TenantId,
        target: Target,
        matched: bool,
        stale: bool,
        step: &Step,
        now: Timestamp,
    ) -> Compared {
        let snapshot = good(self.store.get(&tenant, &target, now).await)?;
        let live = snapshot.and_then(|snapshot| snapshot.live);
        let challenge = if stale { Some(ChallengeId::sequential()) } else { live.map(|live| live.id) };
        let rules = self.model.limits.rules.clone();
        let attempt = Attempt::new(tenant, target, challenge, matched, proof_hash(), rules);
        let outcome = good(self.store.attempt(attempt.clone(), now).await)?;
        let expected = self.model.step(step);
        if self.model.proofs.len() > self.proofs.len() {
            self.proofs.push(attempt);
        }
        same("a check", &Answer::Check(outcome), &expected)
    }

    /// The caller's tenant, or the other one.
    fn tenant_for(&self, caller: usize, foreign: bool) -> TenantId {
        let own = tenant_of(self.account_of(caller));
        self.tenants[if foreign { 1 - own } else { own }].clone()
    }

    async fn report(
        &mut self,
        back: usize,
        late: bool,
        outcome: Outcome,
        step: &Step,
        now: Timestamp,
    ) -> Compared {
        let Some(index) = latest(&self.leases, back) else { return Ok(()) };
        let leases = &self.leases[index];
        let Some(lease) = leases.iter().rev().nth(usize::from(late)) else { return Ok(()) };
        let message_id = ProviderMessageId::new(self.first_id(index));
        let outcome = match outcome {
            Outcome::Accepted => SendOutcome::Accepted { message_id: Some(message_id) },
            Outcome::AcceptedWithoutId => SendOutcome::Accepted { message_id: None },
            Outcome::Refused => SendOutcome::Refused,
            Outcome::Unknown => SendOutcome::Unknown,
        };
        let record = DeliveryRecord::new(lease, PROVIDER, outcome, self.model.limits.rules.clone());
        let taken = good(self.store.record_delivery(record, now).await)?.is_kept();
        match self.model.step(step) {
            Answer::Flag(expected) => same("a report", &taken, &expected),
            _ => Ok(()),
        }
    }

    async fn lease(&mut self, step: &Step, now: Timestamp) -> Compared {
        let due = good(self.store.lease_due(ALL, &self.model.limits.rules, now).await)?;
        // Others may have left something in the same store.
        let mut found: Vec<LeasedSend> =
            due.into_iter().filter(|send| self.tenants.contains(&send.tenant)).collect();
        let Answer::Leased(mut expected) = self.model.step(step) else { return Ok(()) };
        expected.retain(|index| self.leases.get(*index).is_some());
        same("the number of leased sends", &found.len(), &expected.len())?;
        for index in expected {
            let send = self.leases[index][0].send;
            let Some(at) = found.iter().position(|leased| leased.send == send) else {
                return Err(format!("send {index} is due and not leased"));
            };
            let (leased, known) = (found.swap_remove(at), &self.model.sends[index]);
            let code = &self.model.codes[known.code];
            same("the fence", &leased.fence, &known.leases)?;
            same("the life of the code", &leased.expires_at, &code.dies)?;
            same("the phone", &leased.phone, &self.phones[code.account])?;
            same("the purpose", &leased.purpose, &purpose(code.purpose))?;
            if leased.nonce != self.codes[known.code].1 {
                return Err("another code is sent again".to_owned());
            }
            self.leases[index].push(leased);
        }
        Ok(())
    }

    async fn purge(&self, now: Timestamp) -> Compared {
        for _ in 0..ALL {
            if good(self.store.purge(&self.model.limits.rules, 100, now).await)? == 0 {
                return Ok(());
            }
        }
        Err("purge does not come to an end".to_owned())
    }

    /// Compares what callers may see: of the latest ones, and of the others in turn.
    async fn compare_views(&self, number: usize) -> Compared {
        let count = self.callers.len();
        let newest = (count.saturating_sub(2)..count).chain(number.checked_rem(count));
        for caller in newest {
            self.compare_view(caller).await?;
        }
        let account = number % ACCOUNTS;
        for of in 0..super::facts::PURPOSES {
            let from = u8::try_from(number % 6).ok().filter(|from| *from < 5);
            let target = by_phone(&self.phones[account], purpose(of), from.map(client));
            let snapshot = good(self.store.get(self.tenant(account), &target, self.model.now).await)?;
            let live = self.model.live_code(account, of);
            let view = self.model.caller_from(account, of, from).and_then(|caller| self.model.view(caller));
            self.compare_snapshot(snapshot, view.as_ref(), live)?;
        }
        Ok(())
    }

    async fn compare_view(&self, caller: usize) -> Compared {
        let target = Target::Id(self.callers[caller]);
        let tenant = self.tenant(self.account_of(caller));
        let snapshot = good(self.store.get(tenant, &target, self.model.now).await)?;
        let live = self.model.is_pending(caller).then_some(self.model.callers[caller].code);
        self.compare_snapshot(snapshot, self.model.view(caller).as_ref(), live)
    }

    fn compare_snapshot(
        &self,
        found: Option<Snapshot>,
        view: Option<&View>,
        live: Option<usize>,
    ) -> Compared {
        let (shown_view, found_live) = match found {
            Some(snapshot) => (snapshot.view.as_ref().map(shown), snapshot.live),
            None => (None, None),
        };
        same("what a caller sees", &shown_view.as_ref(), &view)?;
        let expected = live.map(|code| self.codes[code].0);
        same("the live code", &found_live.as_ref().map(|live| live.id), &expected)?;
        match (found_live, live) {
            (Some(found), Some(code)) if found.nonce != self.codes[code].1 => {
                Err("the code has changed".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Forty days later nothing is left.
    async fn end(&self) -> Compared {
        let end = self.model.now + std::time::Duration::from_secs(40 * 86_400);
        self.purge(end).await?;
        for account in 0..ACCOUNTS {
            let left = good(self.store.forget(self.tenant(account), &self.phones[account], end).await)?;
            same("whether something is left after forty days", &left, &false)?;
        }
        Ok(())
    }
}

/// What is compared of a view.
fn shown(view: &VerificationView) -> View {
    View {
        state: view.state,
        delivery: view.delivery,
        attempts_left: view.attempts_left,
        expires_at: view.expires_at,
        resend_at: (view.state == VerificationState::Pending).then_some(view.resend_at),
    }
}
