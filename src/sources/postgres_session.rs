//! Sessions with PostgreSQL: read-only, in the time zone of the source, and with the order of day and
//! month that the database has.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, SqlSafeStr};

use super::connection::{
    CONNECT_TIMEOUT, connect, explain, postgres_options, with_timeout, without_credentials,
};
use super::session_zone::{SessionZone, offset_text, offset_zone};
use crate::domain::time::zone_name;

/// Selects the DateStyle of the user and the database, which the driver replaces.
const OWN_DATE_STYLE: &str = "SELECT upper(c) FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS c WHERE c ILIKE 'datestyle=%' \
    AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())) \
    AND s.setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user)) ORDER BY s.setrole = 0, s.setdatabase = 0 LIMIT 1";

/// Open session, and what it was set to.
pub(super) struct PostgresSession {
    pub(super) connection: PgConnection,
    pub(super) zone: SessionZone,
    date_style: String,
}

impl PostgresSession {
    /// Opens a read-only session whose local times are in `zone`.
    pub(super) async fn open(source: &str, url: &str, zone: &TimeZone) -> anyhow::Result<Self> {
        let mut connection = connect(source, url, postgres_options(source, url)?.connect()).await?;
        let failed = |e: sqlx::Error| {
            explain(source, &without_credentials(url), "preparing the session", &e)
        };
        let session_zone = set_zone(&mut connection, zone).await.map_err(failed)?;
        // Without the privilege to read the setting the driver's order stays.
        let own = text(&mut connection, OWN_DATE_STYLE).await.unwrap_or_default();
        let date_style = format!("ISO, {}", date_order(&own));
        run(&mut connection, &format!("SET DateStyle = '{date_style}'")).await.map_err(failed)?;
        Ok(Self { connection, zone: session_zone, date_style })
    }

    /// Returns the properties of the session for `courant sources check`.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        vec![("session zone", self.zone.describe()), ("DateStyle", self.date_style.clone())]
    }
}

/// Sets the time zone of a session: by its name, else by its present offset.
async fn set_zone(
    connection: &mut PgConnection,
    zone: &TimeZone,
) -> Result<SessionZone, sqlx::Error> {
    let name = zone_name(zone);
    if run(connection, &format!("SET TimeZone = '{name}'")).await.is_ok() {
        return Ok(SessionZone::exact(zone.clone(), &name));
    }
    let now = text(connection, "SELECT CAST(EXTRACT(EPOCH FROM now()) AS BIGINT)::text").await?;
    let now = Timestamp::from_second(now.parse().unwrap_or_default()).unwrap_or_default();
    let offset = offset_text(zone.to_offset(now));
    run(connection, &format!("SET TIME ZONE INTERVAL '{offset}' HOUR TO MINUTE")).await?;
    Ok(SessionZone::present_offset(offset_zone(zone, now), &offset))
}

/// Returns the order of day, month and year of a DateStyle in upper case.
fn date_order(date_style: &str) -> &'static str {
    if date_style.contains("YMD") {
        "YMD"
    } else if ["DMY", "GERMAN"].iter().any(|order| date_style.contains(order))
        || (date_style.contains("EURO") && !date_style.contains("NONEURO"))
    {
        "DMY"
    } else {
        "MDY"
    }
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()).into_sql_str());
    with_timeout(CONNECT_TIMEOUT, connection.execute(statement)).await.map(|_| ())
}

/// Returns the first column of the first row; empty if there is none.
async fn text(connection: &mut PgConnection, sql: &'static str) -> Result<String, sqlx::Error> {
    let row = with_timeout(CONNECT_TIMEOUT, sqlx::query_scalar(sql).fetch_optional(connection));
    Ok(row.await?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_a_date_style_is_recognized() {
        for (style, order) in [
            ("DATESTYLE=GERMAN", "DMY"),
            ("DATESTYLE=SQL, DMY", "DMY"),
            ("DATESTYLE=EUROPEAN", "DMY"),
            ("DATESTYLE=NONEUROPEAN", "MDY"),
            ("DATESTYLE=\"ISO, YMD\"", "YMD"),
            ("", "MDY"),
        ] {
            assert_eq!(date_order(style), order, "{style}");
        }
    }
}
