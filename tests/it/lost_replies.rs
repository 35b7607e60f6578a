//! Replies of the database that are lost after it has executed the statement: repeating the
//! statement has no second effect.

use courant::domain::rate::Rate;
use courant::domain::time::SignedDuration;
use courant::store::rate_limits::{LimitKey, RateLimitRequest, UpdateId};

use crate::support::{LostReply, World, article, database_tests};

mod bodies {
    use super::*;

    pub(super) async fn a_commit_whose_reply_is_lost_takes_effect_once(world: &mut World) {
        world.configure(|s| s.transport = "connections = 2\nrate = \"1000/h\"".into()).await;
        world.publish([article("a")]).await;
        world.add_readers(40).await;
        let edition = world.create_edition().await;
        let limits =
            LostReply { statement: "UPDATE rate_limits SET", to: "COMMIT", every: 1, times: 2 };
        let outcomes = LostReply {
            statement: "UPDATE deliveries SET state = o.to_state",
            to: "",
            every: 5,
            times: 3,
        };
        let (node, proxy) = world.node_with_lost_replies(vec![limits, outcomes]).await;
        let dispatcher = node.dispatcher();
        let report = world.deliver_with(&dispatcher, SignedDuration::ZERO).await;
        assert_eq!(
            (report.handled(), world.edition_status(edition).await.as_str()),
            (40, "sent: 40 sent")
        );
        assert_eq!(proxy.remaining(), 0, "every reply to be lost was lost");
        assert_eq!(
            world.mail_counts().values().filter(|n| **n == 1).count(),
            40,
            "every reader received one mail"
        );
        assert_eq!(world.sql("UPDATE deliveries SET state = state WHERE attempts = 1").await, 40);
        let request = RateLimitRequest {
            key: LimitKey::for_transport("default"),
            limits: Rate::parse_list("1000/h").unwrap(),
            warmup: None,
            count: 1000,
        };
        let update = UpdateId { node: "another".into(), sequence: 0 };
        let taken = world
            .app
            .store
            .rate_limits()
            .take_quota(&update, &[request], world.now())
            .await
            .unwrap();
        assert_eq!(taken[0].count, 960, "each mail used one permit");
        dispatcher.shutdown().await.unwrap();
        node.store.close().await;
    }

    pub(super) async fn the_next_due_delivery_is_found_by_an_index(world: &mut World) {
        world
            .sql(
                "INSERT INTO delivery_queue (delivery_id, edition_id, transport, priority, due_at) \
             SELECT n, CASE WHEN n % 1000 > 0 THEN n % 7 END, 'default', 1, n FROM generate_series(1, 50000) AS n",
            )
            .await;
        assert_eq!(
            world
                .app
                .store
                .deliveries()
                .next_entry_due_at(&["default".to_owned()])
                .await
                .unwrap()
                .unwrap()
                .0,
            1000
        );
        let plan = world.query_plan("SELECT MIN(due)", "[\"default\"]").await;
        // One index look-up per edition, and one for the few transactional mails of the transport.
        assert!(
            plan.contains("Limit")
                && plan.contains("Index Only Scan using delivery_queue_edition on delivery_queue"),
            "{plan}"
        );
        assert!(
            plan.contains("((edition_id IS NULL) AND (transport = ")
                && !plan.contains("Seq Scan on delivery_queue"),
            "{plan}"
        );
        world.sql("DELETE FROM delivery_queue").await;
    }
}

database_tests!(@on postgres Postgres
    a_commit_whose_reply_is_lost_takes_effect_once
    the_next_due_delivery_is_found_by_an_index
);
