//! Brains one after the other, and the check between them and the customer.

use std::sync::Arc;
use std::time::Duration;

use crate::answers;
use crate::fact::Date;
use crate::guard;
use crate::responder::{AiResponder, Repair, Reply, TurnErrorKind, TurnInput, TurnOutput};
use crate::tool::Action;
use crate::verify::{Ground, Verdict, Verifier};

/// The brains of an assistant, asked one after the other until one has a true answer: the model first, rules last.
///
/// # Behavior
/// - Every answer is verified. A wrong one is given back once, with what was wrong; if it is wrong again, the next brain
///   is asked.
/// - A brain that fails, panics in its own task, or takes too long is passed over.
#[derive(Debug, Clone)]
pub struct Brain {
    responders: Vec<Arc<dyn AiResponder>>,
    verifier: Verifier,
}

/// What came of thinking.
#[derive(Debug, Default)]
pub(super) struct Thought {
    /// What to say; `None`: nothing that is true was found, or nothing is to be said.
    pub(super) reply: Option<Reply>,
    /// Why a person takes over, and what it is about.
    pub(super) hand_over: Option<(String, String)>,
    /// A brain wants to say nothing.
    pub(super) silent: bool,
    /// What went wrong on the way.
    pub(super) troubles: Vec<TurnErrorKind>,
}

/// Words, and why a person takes over and what it is about.
type Said = (Reply, Option<(String, String)>);

fn said(output: TurnOutput) -> Option<Said> {
    match output {
        TurnOutput::Reply(reply) => Some((reply, None)),
        TurnOutput::HandOver { reply, reason, summary } => Some((reply, Some((reason, summary)))),
        TurnOutput::Silence { .. } => None,
    }
}

/// What one brain gave.
enum Given {
    Said(Box<Said>),
    Silent,
    Wrong,
    Failed(TurnErrorKind),
}

impl Brain {
    /// Brains in the order in which they are asked.
    #[must_use]
    pub fn new(responders: Vec<Arc<dyn AiResponder>>) -> Self {
        Self { responders, verifier: Verifier::new() }
    }

    pub(super) async fn think(&self, turn: TurnInput) -> Thought {
        let mut thought = Thought::default();
        if let Some((reply, hand_over)) = self.without_thinking(&turn) {
            return Thought { reply: Some(reply), hand_over, ..thought };
        }
        for responder in &self.responders {
            match self.ask(responder.as_ref(), &turn).await {
                Given::Said(said) => {
                    thought.reply = Some(said.0);
                    thought.hand_over = said.1;
                    return thought;
                }
                Given::Silent => {
                    thought.silent = true;
                    return thought;
                }
                Given::Wrong => {
                    metrics::counter!("wartel_bot_drafts_total", "outcome" => "given_up").increment(1)
                }
                Given::Failed(kind) => thought.troubles.push(kind),
            }
        }
        thought
    }

    /// What is answered without asking anybody: what is no business of a shop's assistant, and what stands in the shop's
    /// profile.
    fn without_thinking(&self, turn: &TurnInput) -> Option<Said> {
        if guard::scope(&turn.words()).is_some() {
            return Some((Reply::new(guard::decline(turn.locale), "guard"), None));
        }
        let (reply, hand_over) = said(answers::answer(turn)?)?;
        (self.verify(turn, &reply) == Verdict::Pass).then_some((reply, hand_over))
    }

    fn verify(&self, turn: &TurnInput, reply: &Reply) -> Verdict {
        let words = turn.words();
        let today =
            turn.tenant.hours.local(turn.now).map_or_else(|| Date::in_utc(turn.now), |(date, _)| date);
        let ground = Ground::new(&turn.tenant, today)
            .with_customer(&words)
            .with_canary(&turn.canary)
            .with_locale(turn.locale);
        self.verifier.verify(&reply.text, &reply.evidence, &ground)
    }

    async fn ask(&self, responder: &dyn AiResponder, turn: &TurnInput) -> Given {
        let mut turn = turn.clone();
        // Once, and once more with what was wrong.
        for _ in 0..2 {
            let answer = tokio::time::timeout(turn.time_left, responder.respond(&turn)).await;
            let spoken = match answer {
                Err(_) => return Given::Failed(TurnErrorKind::Exhausted),
                Ok(Err(error)) => return Given::Failed(error.kind),
                Ok(Ok(TurnOutput::Silence { why })) => {
                    tracing::debug!(chat = %turn.chat, why, "a brain says nothing");
                    return Given::Silent;
                }
                Ok(Ok(output)) => said(output),
            };
            let Some((reply, hand_over)) = spoken else { return Given::Silent };
            let verdict = self.verify(&turn, &reply);
            if verdict == Verdict::Pass {
                metrics::counter!("wartel_bot_drafts_total", "outcome" => "passed").increment(1);
                return Given::Said(Box::new((reply, hand_over)));
            }
            let kinds: Vec<&str> = verdict.problems().iter().map(|problem| problem.kind().as_str()).collect();
            tracing::info!(chat = %turn.chat, by = reply.by, ?kinds, "a draft was not true");
            if matches!(verdict, Verdict::Block { .. }) {
                return Given::Wrong;
            }
            let hint = verdict.hint();
            metrics::counter!("wartel_bot_drafts_total", "outcome" => "repaired").increment(1);
            turn.time_left =
                turn.time_left.saturating_sub(Duration::from_secs(5)).max(Duration::from_secs(5));
            let actions: Vec<Action> = reply.actions.clone();
            turn.repair = Some(Repair::new(reply.text, hint, reply.evidence, actions));
        }
        Given::Wrong
    }
}
