//! Faults inside a database, as SQL: what makes a statement slow, fail or wait, and what takes that away again.
//!
//! A trigger runs a function that counts on a sequence, which no rollback takes back. All of it is in
//! `information_schema`, where nobody who compares schemas looks. Deliberately absent: connecting to anything.

use super::board::Setting;
use super::{Effect, Fault, Harm, Moment, Scope, TABLE};

/// What every session of the sandbox itself is called; faults do not strike it.
pub(in crate::sandbox) const OWN_SESSION: &str = "lockstep sandbox";

/// What a Liquibase that nobody gave a name calls its session.
pub(in crate::sandbox) const FOREIGN_SESSION: &str = "PostgreSQL JDBC Driver";

/// LOCKEDBY of a machine that is not connected, and of one that is.
const FOREIGN: [&str; 2] = ["build-7 (10.0.0.7)", "build-8 (127.0.0.1)"];

/// The first half of the keys of gates; the second is the place of the fault in the table.
const GATES: i32 = 0x0066_6c74;

/// Lets nobody else take the gate until [`OPEN_GATE`].
pub(in crate::sandbox) fn close_gate(fault: &Fault) -> String {
    format!("select pg_advisory_lock({GATES}, {})", place(fault))
}

/// Lets those who wait at the gate go on.
pub(in crate::sandbox) fn open_gate(fault: &Fault) -> String {
    format!("select pg_advisory_unlock({GATES}, {})", place(fault))
}

/// The names of the sessions that wait at the gate.
pub(in crate::sandbox) fn waiting(fault: &Fault) -> String {
    format!(
        "select a.application_name from pg_locks l join pg_stat_activity a on a.pid = l.pid \
         where l.locktype = 'advisory' and not l.granted and l.objsubid = 2 \
         and l.database = (select oid from pg_database where datname = current_database()) \
         and l.classid::bigint = {GATES} and l.objid::bigint = {}",
        place(fault)
    )
}

/// Ends every session of the run that is `$1`.
pub(in crate::sandbox) const END_SESSIONS: &str = "select pg_terminate_backend(pid) from pg_stat_activity \
    where application_name = $1 or application_name like $1 || ' %'";

/// Puts a fault that strikes statements into a database: what it does, and when.
pub(in crate::sandbox) fn install(setting: &Setting, (harm, moment): (Harm, Moment)) -> String {
    let name = name(setting.fault);
    let after = setting.after.count();
    let last = setting.times.map_or(i64::MAX, |times| i64::from(after) + i64::from(times));
    let (does, is_for_runs) = match harm {
        Harm::Slow => (format!("perform pg_sleep({});", setting.seconds), false),
        Harm::DiskFull => (
            // The words and the state that PostgreSQL has for it.
            "raise exception using errcode = '53100', hint = 'Check free disk space.', \
             message = format('could not extend file \"%s\": No space left on device', \
             pg_relation_filepath('public.databasechangelog'));"
                .to_owned(),
            false,
        ),
        Harm::Kill | Harm::Drop => {
            (format!("perform pg_advisory_xact_lock_shared({GATES}, {});", place(setting.fault)), true)
        }
    };
    let spared = if is_for_runs { "not like 'r-%'".to_owned() } else { format!("= '{OWN_SESSION}'") };
    let (kind, on, end) = match moment {
        Moment::Row => {
            let on = format!("trigger {name} before insert on public.databasechangelog for each statement");
            ("trigger", on, "return null;")
        }
        Moment::Statement => {
            ("event_trigger", format!("event trigger {name} on ddl_command_start"), "return;")
        }
    };
    format!(
        "{remove}
        create sequence information_schema.{name};
        create function information_schema.{name}() returns {kind} language plpgsql as $fault$
        declare strike bigint;
        begin
          if current_setting('application_name') {spared} then {end} end if;
          strike := nextval('information_schema.{name}');
          if strike > {after} and strike <= {last} then {does} end if;
          {end}
        end $fault$;
        create {on} execute function information_schema.{name}();",
        remove = remove(setting.fault)
    )
}

/// Takes a fault away.
pub(in crate::sandbox) fn remove(fault: &Fault) -> String {
    if fault.scope == Scope::Lock {
        return unlock(fault);
    }
    let name = name(fault);
    format!(
        "set lock_timeout = '10s';
        drop event trigger if exists {name};
        drop trigger if exists {name} on public.databasechangelog;
        drop function if exists information_schema.{name}();
        drop sequence if exists information_schema.{name};"
    )
}

/// Takes away whatever faults left in a database, but for those with these names.
pub(in crate::sandbox) fn remove_all_but(names: &[&str]) -> String {
    let left = TABLE.iter().filter(|fault| fault.scope.is_in_databases() && !names.contains(&fault.name));
    left.map(remove).collect::<Vec<_>>().join("\n")
}

/// How often a fault that strikes statements could have struck.
pub(in crate::sandbox) fn seen(fault: &Fault) -> String {
    format!("select case when is_called then last_value else 0 end from information_schema.{}", name(fault))
}

/// Takes Liquibase's lock as somebody else's Liquibase does; changes no row while it is held.
pub(in crate::sandbox) fn lock(fault: &Fault) -> String {
    format!(
        "update public.databasechangeloglock set locked = true, lockgranted = localtimestamp, lockedby = '{}' \
         where id = 1 and not locked",
        foreigner(fault)
    )
}

fn unlock(fault: &Fault) -> String {
    format!(
        "do $unlock$ begin
          if to_regclass('public.databasechangeloglock') is not null then
            update public.databasechangeloglock set locked = false, lockgranted = null, lockedby = null
            where lockedby = '{}';
          end if;
        end $unlock$;",
        foreigner(fault)
    )
}

fn foreigner(fault: &Fault) -> &'static str {
    if fault.effect == Effect::LockWithSession { FOREIGN[1] } else { FOREIGN[0] }
}

fn name(fault: &Fault) -> String {
    format!("sandbox_fault_{}", fault.name.replace('-', "_"))
}

fn place(fault: &Fault) -> usize {
    TABLE.iter().position(|row| row.name == fault.name).unwrap_or_default()
}
