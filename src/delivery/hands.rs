//! What the runs of this process have in hand: leased by one and the same node, and each given back by who leased it.

use std::collections::{HashMap, HashSet};

use super::lease::Leased;
use super::{Engine, pool};
use crate::config::Transport;

/// What the runs have leased.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// By which transport.
    pub(super) by: HashMap<Leased, String>,
    /// How often each of them gave something back.
    returns: HashMap<String, u64>,
}

/// What is in the hands of others that share mail with a transport, and may come back for it to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Others {
    /// Whether they have some.
    pub(super) hold: bool,
    /// How often something came back: who looked for work just before that has to look again.
    returns: u64,
}

impl Engine {
    /// What others have in hand.
    pub(super) async fn others(&self, transport: &Transport) -> Others {
        let (held, all) = (self.held.lock().await, &self.config.transports);
        let names = self.carried_by(transport);
        let others: HashSet<&String> = names
            .iter()
            .flat_map(|name| pool::members(all, name))
            .map(|t| &t.name)
            .filter(|name| **name != transport.name)
            .collect();
        Others {
            hold: held.by.values().any(|by| others.contains(by)),
            returns: others.iter().filter_map(|name| held.returns.get(*name)).sum(),
        }
    }

    /// Whether others have nothing in hand, nor gave anything back since they had this.
    pub(super) async fn nothing_comes(&self, transport: &Transport, since: Others) -> bool {
        let now = self.others(transport).await;
        !now.hold && now == since
    }

    /// Gives back what a run of this transport that ended badly still has leased; nothing of it is in flight any more.
    pub(super) async fn give_remains_back(
        &self,
        transport: &Transport,
        names: &[String],
    ) -> anyhow::Result<()> {
        let mut held = self.held.lock().await;
        held.by.retain(|_, by| *by != transport.name);
        let blocks: Vec<i64> = held
            .by
            .keys()
            .filter_map(|l| if let Leased::Block(id) = l { Some(*id) } else { None })
            .collect();
        let singles: Vec<i64> = held
            .by
            .keys()
            .filter_map(|l| if let Leased::Single(id) = l { Some(*id) } else { None })
            .collect();
        Ok(self.store.give_remains_back(names, &self.node, &blocks, &singles).await?)
    }

    /// Gives leases back, blocks one by one and singles together.
    pub(super) async fn give_back(&self, over: &[Leased]) -> anyhow::Result<()> {
        // Held throughout: what is free again may be leased by another run of this node at once, under the same name.
        let mut held = self.held.lock().await;
        let mut singles = Vec::new();
        for leased in over {
            match leased {
                Leased::Block(block) => self.store.give_block_back(*block, &self.node).await?,
                Leased::Single(id) => singles.push(*id),
            }
        }
        if !singles.is_empty() {
            self.store.give_singles_back(&singles, &self.node).await?;
        }
        for leased in over {
            if let Some(by) = held.by.remove(leased) {
                *held.returns.entry(by).or_default() += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::config::Config;
    use crate::domain::time::Millis;
    use crate::store::Store;
    use crate::store::claims::Wanted;
    use crate::store::deliveries::Letter;
    use crate::templates::Templates;

    const NOW: Millis = Millis(1_790_000_000_000);

    /// An engine of two transports that carry the same mail, and one delivery that waits for them.
    async fn engine(home: &Path) -> (Engine, i64) {
        let text = "[site]\ntitle = \"T\"\nbase_url = \"https://news.example.edu\"\nid_authority = \"news.example.edu,2026\"\npostal_address = \"x\"\n\
            [[transports]]\nname = \"first\"\nurl = \"file://a\"\n[[transports]]\nname = \"second\"\nurl = \"file://b\"\nshares = \"first\"\n";
        let config = Config::parse(&home.join("config.toml"), text, std::iter::empty()).unwrap();
        let store =
            Store::open(&format!("sqlite://{}", home.join("courant.db").display())).await.unwrap();
        let letter = Letter {
            kind: "test",
            address: "r@example.org".into(),
            address_hash: "h".into(),
            body: String::new(),
            transport: "first".into(),
        };
        let delivery = store.queue_letter(letter, NOW).await.unwrap();
        let (templates, instance) =
            (Templates::load(None).unwrap(), store.instance().await.unwrap());
        (
            Engine::new(
                store,
                Arc::new(config),
                Arc::new(templates),
                Arc::new(instance),
                "node".into(),
                || NOW,
            ),
            delivery,
        )
    }

    #[tokio::test]
    async fn what_one_run_gives_back_and_another_takes_at_once_is_in_the_others_hands() {
        let home = tempfile::tempdir().unwrap();
        let (engine, delivery) = engine(home.path()).await;
        let (leased, names) = (Leased::Single(delivery), ["first".to_owned()]);
        let take = async || {
            let wanted = Wanted {
                transports: &names,
                node: engine.node(),
                besides: &[],
                after: 0,
                hold: false,
            };
            !engine.store.claim_waiting(wanted, 1, NOW).await.unwrap().is_empty()
        };
        assert!(take().await);
        engine.held.lock().await.by.insert(leased, "first".into());
        // The first can't reach its relay; the second looks for work meanwhile, as every run does, with what is in hand locked.
        let mut held = engine.held.lock().await;
        let giving = tokio::spawn({
            let engine = engine.clone();
            async move { engine.give_back(&[leased]).await }
        });
        let mut taken = false;
        for _ in 0..100 {
            taken = taken || take().await;
        }
        if !taken {
            drop(held);
            held = engine.held.lock().await;
            taken = take().await;
        }
        assert!(taken, "given back, it is free");
        held.by.insert(leased, "second".into());
        drop(held);
        giving.await.unwrap().unwrap();
        assert_eq!(engine.held.lock().await.by.get(&leased).map(String::as_str), Some("second"));
        assert!(
            engine.others(&engine.config.transports[0]).await.hold,
            "it may come back for the first"
        );
        // A run that begins now leaves the other its own.
        engine.give_remains_back(&engine.config.transports[0], &names).await.unwrap();
        assert!(!take().await, "nobody else may have it now");
    }

    #[tokio::test]
    async fn what_came_back_after_a_look_for_work_is_looked_for_again() {
        let home = tempfile::tempdir().unwrap();
        let (engine, delivery) = engine(home.path()).await;
        let (first, second) = (&engine.config.transports[0], &engine.config.transports[1]);
        let before = engine.others(second).await;
        assert!(engine.nothing_comes(second, before).await);
        engine.held.lock().await.by.insert(Leased::Single(delivery), "first".into());
        engine.give_back(&[Leased::Single(delivery)]).await.unwrap();
        assert!(
            !engine.nothing_comes(second, before).await,
            "the second may have looked while the first had it"
        );
        let after = engine.others(second).await;
        assert!(
            engine.nothing_comes(second, after).await
                && engine.nothing_comes(first, engine.others(first).await).await
        );
    }
}
