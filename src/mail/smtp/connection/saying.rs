//! An envelope on its way to a relay: said at once or step by step, and what its answers mean.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::commands::Rset;
use lettre::transport::smtp::response::Response;

use super::{Connection, no_connection, trouble};
use crate::mail::smtp::commands::Commands;
use crate::mail::smtp::hearing::{Said, heard};
use crate::mail::smtp::manner::Manner;
use crate::mail::smtp::outcome::{Delivered, Heard, Stage, meaning};

/// What an envelope is answered to, step by step.
pub(super) const CLEAN: [Stage; 3] = [Stage::Mail, Stage::Rcpt, Stage::Data];
/// The same, where a transaction that failed has to be forgotten first.
const SOILED: [Stage; 4] = [Stage::Reset, Stage::Mail, Stage::Rcpt, Stage::Data];

impl Connection {
    /// Says an envelope, in one write or step by step.
    pub(super) async fn say(&mut self, commands: &Commands) -> Result<(), Delivered> {
        self.open = false;
        let manner = self.manner().min(Manner::Envelope);
        let said = match manner {
            Manner::StepByStep => self.one_by_one(commands).await,
            _ => self.together(commands).await,
        };
        if self.gauge.was_out_of_turn() {
            return Err(self.interrupted().await);
        }
        self.judge(manner, true, said).await
    }

    /// All commands in one write, then their answers (RFC 2920).
    async fn together(&mut self, commands: &Commands) -> Said {
        self.gauge.within(self.patience.reply);
        self.gauge.take_turn();
        if std::mem::take(&mut self.soiled) {
            let first = self.lettre.command(format!("{Rset}{}", commands.together())).await;
            self.answers(Manner::Envelope, &SOILED, Some(first)).await
        } else {
            let first = self.lettre.command(commands.together()).await;
            self.answers(Manner::Envelope, &CLEAN, Some(first)).await
        }
    }

    /// One command after the other, up to the first that is refused.
    async fn one_by_one(&mut self, commands: &Commands) -> Said {
        let mut said = Said::by(true);
        if std::mem::take(&mut self.soiled) {
            let result = self.ask(&Rset.to_string()).await;
            said.hear(Stage::Reset, result);
        }
        for (stage, command) in commands.one_by_one() {
            if said.refusal.is_some() {
                break;
            }
            let result = self.ask(command).await;
            said.hear(stage, result);
        }
        said
    }

    async fn ask(&mut self, command: &str) -> Result<Response, Error> {
        self.gauge.within(self.patience.reply);
        self.gauge.take_turn();
        self.lettre.command(command).await
    }

    /// The answers to an envelope that was written in one piece, the first of which may have been read. Each is waited for anew,
    /// but all within one deadline that runs where nothing has ever ridden.
    pub(super) async fn answers(
        &mut self,
        manner: Manner,
        stages: &[Stage],
        first: Option<Result<Response, Error>>,
    ) -> Said {
        let known = self.learned.knows(manner);
        let mut said = Said::by(known);
        let mut next = first;
        for &stage in stages {
            let result = match next.take() {
                Some(result) => result,
                None => {
                    if known || manner != Manner::Riding {
                        self.gauge.within(self.patience.reply);
                    }
                    self.lettre.read_response().await
                }
            };
            if !said.hear(stage, result) {
                break;
            }
        }
        said
    }

    /// What the answers to an envelope mean for its mail and for the connection.
    pub(super) async fn judge(
        &mut self,
        manner: Manner,
        silence_counts: bool,
        said: Said,
    ) -> Result<(), Delivered> {
        let Some((stage, heard)) = said.refusal else {
            self.learned.worked(manner);
            self.content_due = true;
            return Ok(());
        };
        let mut delivered = match heard {
            heard if manner == Manner::StepByStep || !said.misunderstood => {
                meaning(stage, heard).unwrap_or_else(no_connection)
            }
            Heard::Reply(answer) => {
                self.misunderstood(manner, format!("the relay answered {stage} with: {answer}"))
            }
            Heard::Nothing(why) if silence_counts => self.misunderstood(manner, why),
            Heard::Nothing(why) => trouble(why),
        };
        delivered.reusable &= said.in_step;
        if said.content_due && delivered.reusable {
            // With a recipient a lone dot would be an empty mail for them: then one can only hang up.
            delivered.reusable = !said.recipient_taken && self.lone_dot().await;
        }
        self.soiled = true;
        self.open = delivered.reusable;
        Err(delivered)
    }

    /// The relay did not understand what was written in one piece: the mail goes back, and the connection is of no more use.
    pub(super) fn misunderstood(&self, manner: Manner, why: String) -> Delivered {
        self.learned.failed(manner, &why);
        trouble(why)
    }

    /// Ends a DATA that was granted though nobody will get the mail (RFC 2920 section 3.1); whatever is said to it, only
    /// whether the connection lives matters.
    async fn lone_dot(&mut self) -> bool {
        self.gauge.within(self.patience.reply);
        matches!(heard(self.lettre.command(".\r\n").await), Heard::Reply(answer) if answer.code != 421)
    }
}
