//! What becomes of sends.

use wartel_messaging::DeliveryState;

use super::facts::{Answer, Model, Shared, Waiting, latest};
use super::steps::{Named, Outcome};

impl Model {
    pub(super) fn lease(&mut self) -> Answer {
        let mut leased = Vec::new();
        for index in 0..self.sends.len() {
            let send = &self.sends[index];
            if self.codes[send.code].gone || send.leased_until.is_none_or(|until| until > self.now) {
                continue;
            }
            let dead = !self.lives(send.code) || self.too_short(self.codes[send.code].dies);
            let over = dead || send.leases >= self.limits.rules.uncertain_tries;
            let send = &mut self.sends[index];
            if over {
                send.leased_until = None;
                send.state = send.state.max(DeliveryState::Unknown);
                if send.leases > 1 {
                    self.free_place(index);
                }
            } else {
                send.leases += 1;
                send.leased_until = Some(self.now + self.limits.rules.lease);
                leased.push(index);
            }
        }
        Answer::Leased(leased)
    }

    pub(super) fn report(&mut self, back: usize, late: bool, outcome: Outcome) -> Answer {
        let Some(index) = latest(&self.sends, back) else { return Answer::Nothing };
        let gone = self.codes[self.sends[index].code].gone;
        let send = &mut self.sends[index];
        if late && send.leases == 1 {
            // There was no lease before.
            return Answer::Nothing;
        }
        if late || gone {
            return Answer::Flag(false);
        }
        send.reported = true;
        // After a second lease nobody knows what came of the first.
        let certain = outcome == Outcome::Refused && send.leases == 1;
        let state = match outcome {
            Outcome::Accepted | Outcome::AcceptedWithoutId => DeliveryState::Accepted,
            Outcome::Refused if certain => DeliveryState::Failed,
            Outcome::Refused | Outcome::Unknown => DeliveryState::Unknown,
        };
        if state <= send.state {
            // It was given up as unknown, and that is what it is.
            return Answer::Nothing;
        }
        send.state = state;
        send.leased_until = None;
        if certain {
            self.give_back(index);
        } else {
            self.free_place(index);
        }
        if outcome == Outcome::Accepted {
            self.sends[index].first_id = true;
            self.hear(index, Named::First);
        }
        Answer::Flag(true)
    }

    /// It will never be a certain refusal.
    fn free_place(&mut self, index: usize) {
        self.charges.retain(|c| c.send != index || !matches!(c.budget, Shared::Refused { .. }));
    }

    /// Certainly refused: the phone gets its send and the wait back, and a code that nobody can have is over.
    fn give_back(&mut self, index: usize) {
        let code = self.sends[index].code;
        let account = self.codes[code].account;
        self.sends[index].refused = true;
        if self.waits[account].last().is_some_and(|(_, send)| *send == index) {
            self.waits[account].pop();
        }
        let mut of_code = self.sends.iter().filter(|send| send.code == code);
        if of_code.all(|send| send.state == DeliveryState::Failed) && self.codes[code].ended.is_none() {
            self.codes[code].ended = Some(self.now);
        }
    }

    pub(super) fn news(&mut self, back: usize, named: Named, state: DeliveryState) -> Answer {
        let Some(index) = latest(&self.sends, back) else { return Answer::Nothing };
        let send = &self.sends[index];
        let known = match named {
            Named::First | Named::Both => send.first_id,
            Named::Second => send.second_id,
        };
        if !known || self.codes[send.code].gone {
            self.waiting.push(Waiting { send: index, named, state });
            return Answer::Flag(false);
        }
        self.learn(index, named, state);
        Answer::Flag(true)
    }

    fn learn(&mut self, index: usize, named: Named, state: DeliveryState) {
        let send = &mut self.sends[index];
        send.state = send.state.max(state);
        if named == Named::Both && !send.second_id {
            send.second_id = true;
            self.hear(index, Named::Second);
        }
    }

    /// Applies the news that waited under an id which is known from now on.
    fn hear(&mut self, index: usize, by: Named) {
        let waited_for_it = |waiting: &Waiting| {
            waiting.send == index && (waiting.named == Named::Second) == (by == Named::Second)
        };
        let (heard, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(waited_for_it);
        self.waiting = waiting;
        let heard: Vec<Waiting> = heard;
        for news in heard {
            self.learn(index, news.named, news.state);
        }
    }
}
