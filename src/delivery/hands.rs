//! What the runs of this process have in hand: leased by one and the same node, and each given back by who leased it.

use super::lease::Leased;
use super::{Engine, pool};
use crate::config::Transport;

impl Engine {
    /// Whether others that share mail with this transport have some in hand, which may come back for it to send.
    pub(super) async fn others_hold(&self, transport: &Transport) -> bool {
        let (held, all) = (self.held.lock().await, &self.config.transports);
        let others = |name: &String| pool::members(all, name).any(|t| t.name != transport.name && held.values().any(|by| *by == t.name));
        self.carried_by(transport).iter().any(others)
    }

    /// Gives back what a run of this transport that ended badly still has leased; nothing of it is in flight any more.
    pub(super) async fn give_remains_back(&self, transport: &Transport, names: &[String]) -> anyhow::Result<()> {
        let mut held = self.held.lock().await;
        held.retain(|_, by| *by != transport.name);
        let blocks: Vec<i64> = held.keys().filter_map(|l| if let Leased::Block(id) = l { Some(*id) } else { None }).collect();
        let singles: Vec<i64> = held.keys().filter_map(|l| if let Leased::Single(id) = l { Some(*id) } else { None }).collect();
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
            held.remove(leased);
        }
        Ok(())
    }
}
