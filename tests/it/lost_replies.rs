//! The database does what it is asked, and its answer is lost: what is asked again is done once.

use courant::domain::rate::Rate;
use courant::store::rate_limits::{LimitKey, RateLimitRequest, UpdateId};

use crate::support::{Loss, World, article, stories};

mod told {
    use super::*;

    pub(super) async fn what_is_committed_and_not_answered_counts_once(world: &mut World) {
        world.configure(|s| s.transport = "connections = 2\nrate = \"1000/h\"".into()).await;
        world.publish([article("a")]).await;
        world.readers(40).await;
        let edition = world.edition().await;
        let limits = Loss { statement: "UPDATE rate_limits SET", to: "COMMIT", every: 1, times: 2 };
        let outcomes = Loss {
            statement: "UPDATE deliveries SET state = o.to_state",
            to: "",
            every: 5,
            times: 3,
        };
        let (node, line) = world.node_over(vec![limits, outcomes]).await;
        let engine = node.dispatcher();
        let report = world.deliver_on(&engine, 0).await;
        assert_eq!((report.attempts(), world.fate(edition).await.as_str()), (40, "sent: 40 sent"));
        assert_eq!(line.left(), 0, "every answer that should be lost was lost");
        assert_eq!(world.arrived().values().filter(|n| **n == 1).count(), 40, "nobody has two");
        assert_eq!(world.sql("UPDATE deliveries SET state = state WHERE attempts = 1").await, 40);
        let rest = RateLimitRequest {
            key: LimitKey::for_transport("default"),
            limits: Rate::parse_list("1000/h").unwrap(),
            warmup: None,
            count: 1000,
        };
        let change = UpdateId { node: "another".into(), sequence: 0 };
        let granted = world.app.store.take_permits(&change, &[rest], world.now()).await.unwrap();
        assert_eq!(granted[0].count, 960, "each mail took one from the limit");
        engine.finish().await.unwrap();
        node.store.close().await;
    }

    pub(super) async fn the_next_that_is_due_among_many_is_looked_up_and_not_searched_for(
        world: &mut World,
    ) {
        world
            .sql(
                "INSERT INTO delivery_queue (delivery_id, edition_id, transport, priority, due_at) \
             SELECT n, CASE WHEN n % 1000 > 0 THEN n % 7 END, 'default', 1, n FROM generate_series(1, 50000) AS n",
            )
            .await;
        assert_eq!(
            world.app.store.next_queued_at(&["default".to_owned()]).await.unwrap().unwrap().0,
            1000
        );
        let plan = world.plan_of("SELECT MIN(due)", "[\"default\"]").await;
        // The first of each edition, and a transport's letters, which are few.
        assert!(
            plan.contains("Limit")
                && plan.contains("Index Only Scan using delivery_queue_edition on delivery_queue"),
            "{plan}"
        );
        assert!(
            plan.contains("((edition_id IS NULL) AND (transport = ")
                && !plan.contains("Seq Scan on waiting"),
            "{plan}"
        );
        world.sql("DELETE FROM delivery_queue").await;
    }
}

stories!(@on postgres Postgres
    what_is_committed_and_not_answered_counts_once
    the_next_that_is_due_among_many_is_looked_up_and_not_searched_for
);
