//! Setting faults and taking them away: what is in databases, and the server itself. The board has the rest.
//!
//! Whatever a fault left in a database is taken away when it is cleared, when the sandbox ends, and, should it have been
//! killed, before it is used again. Deliberately absent: when a fault strikes.

use std::path::PathBuf;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use super::{Estate, note};
use crate::sandbox::databases;
use crate::sandbox::faults::{
    Board, Effect, Fault, Harm, Order, Report, Scope, Setting, Wish, gate, statements,
};
use crate::sandbox::{SandboxError, folder, story};

/// How long taking everything away may take while the sandbox ends; what is left then is marked.
const LAST_MOMENT: Duration = Duration::from_secs(3);

/// The faults of a sandbox, as its keeper has them.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) board: Board,
    guards: Vec<Guard>,
}

/// A session that a fault needs for as long as it is set. It ends with this.
struct Guard {
    fault: &'static str,
    environment: &'static str,
    token: CancellationToken,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.token.cancel();
    }
}

impl Estate {
    /// Does what is asked of the faults and says what is set afterwards, or why it could not be done.
    pub(crate) async fn order(&mut self, order: Order) -> Result<Report, String> {
        order.check()?;
        let done = match order {
            Order::List => Ok(()),
            Order::Set(wish) => self.set_fault(&wish).await,
            Order::Clear { name, environment } => {
                self.clear_faults(name.as_deref(), environment.as_deref()).await
            }
        };
        self.count_strikes().await;
        done.map(|()| self.faults.board.report()).map_err(|error| error.to_string())
    }

    /// Takes away what faults of a sandbox that was killed left in its databases.
    pub(super) async fn sweep(&self) -> Result<(), SandboxError> {
        if !self.mark().exists() {
            return Ok(());
        }
        for environment in story::ENVIRONMENTS {
            self.in_database(environment.name, &statements::remove_all_but(&[])).await?;
        }
        folder::remove(&self.mark())
    }

    /// Forgets every fault before the databases are made anew; a server that is down is started.
    pub(super) async fn forget_faults(&mut self) -> Result<(), SandboxError> {
        self.faults.guards.clear();
        self.faults.board.forget();
        if self.server.is_none() {
            self.start_postgres().await?;
        }
        self.sweep().await
    }

    /// Takes everything away while there is still a server.
    pub(super) async fn leave_faults(&mut self) {
        self.faults.guards.clear();
        self.faults.board.forget();
        if self.server.is_some() {
            // What could not be taken away is marked, for the next start.
            timeout(LAST_MOMENT, self.sweep()).await.ok();
        }
    }

    async fn set_fault(&mut self, wish: &Wish) -> Result<(), SandboxError> {
        // An earlier one of the same kind leaves first, so that its sessions and rows do.
        if Fault::named(&wish.name).is_some_and(|fault| fault.scope.is_in_databases()) {
            self.clear_faults(Some(&wish.name), wish.environment.as_deref()).await?;
        }
        let Some(setting) = self.faults.board.set(wish) else { return Ok(()) };
        let placed = self.place(&setting).await;
        if placed.is_err() {
            self.clear_faults(Some(setting.fault.name), setting.environment.as_deref()).await.ok();
        }
        placed
    }

    async fn place(&mut self, setting: &Setting) -> Result<(), SandboxError> {
        match setting.fault.scope {
            Scope::Statements | Scope::Lock => {
                folder::write_private(&self.mark(), b"faults are set in the databases\n")?;
                for environment in environments(setting) {
                    self.place_in(environment, setting).await?;
                }
            }
            Scope::Server => {
                if let Some(mut server) = self.server.take() {
                    server.stop().await;
                }
                self.faults.board.saw(setting, 1);
            }
            Scope::Calls | Scope::Clock | Scope::Deployments | Scope::Tasks | Scope::Application => {}
        }
        Ok(())
    }

    async fn place_in(&mut self, environment: &'static str, setting: &Setting) -> Result<(), SandboxError> {
        let fault = setting.fault;
        let failed = || SandboxError::database(format!("set {} in {environment}", fault.name));
        match fault.effect {
            Effect::LockWithoutSession | Effect::LockWithSession => {
                let is_foreign = fault.effect == Effect::LockWithSession;
                let name = if is_foreign { statements::FOREIGN_SESSION } else { statements::OWN_SESSION };
                let client = databases::open_as(&self.access()?, environment, name).await.map_err(failed())?;
                if client.execute(&statements::lock(fault), &[]).await.map_err(failed())? == 0 {
                    return Err(SandboxError::Fault(format!(
                        "Liquibase's lock of {environment} is held already. See `lockstep locks`."
                    )));
                }
                self.faults.board.saw(setting, 1);
                if is_foreign {
                    self.guard(environment, setting, async move {
                        let _connected: Client = client;
                        std::future::pending::<()>().await;
                    });
                }
            }
            Effect::Harm(harm @ (Harm::Kill | Harm::Drop), moment) => {
                let own = statements::OWN_SESSION;
                let client = databases::open_as(&self.access()?, environment, own).await.map_err(failed())?;
                // Closed before anybody can come to it.
                client.batch_execute(&statements::close_gate(fault)).await.map_err(failed())?;
                let sql = statements::install(setting, (harm, moment));
                client.batch_execute(&sql).await.map_err(failed())?;
                self.guard(environment, setting, async move {
                    if let Err(error) = gate::keep(client, fault).await {
                        note(format_args!("{} ended in {environment}: {error}", fault.name));
                    }
                });
            }
            Effect::Harm(harm, moment) => {
                self.in_database(environment, &statements::install(setting, (harm, moment))).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn clear_faults(
        &mut self,
        name: Option<&str>,
        environment: Option<&str>,
    ) -> Result<(), SandboxError> {
        let mut done = Ok(());
        for setting in self.faults.board.clear(name, environment) {
            // One that cannot be taken away must not keep the others.
            let cleared = self.clear_fault(&setting).await;
            done = done.and(cleared);
        }
        done
    }

    async fn clear_fault(&mut self, setting: &Setting) -> Result<(), SandboxError> {
        let name = setting.fault.name;
        match setting.fault.scope {
            Scope::Server => {
                self.start_postgres().await?;
                // What was cleared while nobody could be asked.
                let set: Vec<_> =
                    self.faults.board.settings().iter().map(|setting| setting.fault.name).collect();
                for environment in story::ENVIRONMENTS {
                    self.in_database(environment.name, &statements::remove_all_but(&set)).await?;
                }
            }
            Scope::Statements | Scope::Lock => {
                for environment in environments(setting) {
                    let guards = &mut self.faults.guards;
                    guards.retain(|guard| (guard.fault, guard.environment) != (name, environment));
                    if self.server.is_some() {
                        self.in_database(environment, &statements::remove(setting.fault)).await?;
                    }
                }
            }
            Scope::Calls | Scope::Clock | Scope::Deployments | Scope::Tasks | Scope::Application => {}
        }
        Ok(())
    }

    /// Brings the board up to date with what is counted in databases.
    async fn count_strikes(&self) {
        for setting in self.faults.board.settings() {
            if setting.fault.scope != Scope::Statements || self.server.is_none() {
                continue;
            }
            let mut seen = 0;
            for environment in environments(&setting) {
                seen += self.seen(environment, &setting).await.unwrap_or_default();
            }
            self.faults.board.saw(&setting, seen);
        }
    }

    async fn seen(&self, environment: &str, setting: &Setting) -> Option<u64> {
        let own = statements::OWN_SESSION;
        let client = databases::open_as(&self.access().ok()?, environment, own).await.ok()?;
        let row = client.query_one(&statements::seen(setting.fault), &[]).await.ok()?;
        u64::try_from(row.try_get::<_, i64>(0).ok()?).ok()
    }

    fn guard(
        &mut self,
        environment: &'static str,
        setting: &Setting,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let token = CancellationToken::new();
        let cancelled = token.clone();
        tokio::spawn(async move { cancelled.run_until_cancelled(task).await });
        self.faults.guards.push(Guard { fault: setting.fault.name, environment, token });
    }

    async fn in_database(&self, environment: &str, sql: &str) -> Result<(), SandboxError> {
        let failed = || SandboxError::database(format!("set or clear a fault in {environment}"));
        let own = statements::OWN_SESSION;
        let client = databases::open_as(&self.access()?, environment, own).await.map_err(failed())?;
        client.batch_execute(sql).await.map_err(failed())
    }

    /// The file that says that there may be something in the databases.
    fn mark(&self) -> PathBuf {
        self.state.path().join("faults")
    }
}

fn environments(setting: &Setting) -> impl Iterator<Item = &'static str> {
    let chosen = setting.environment.clone();
    let names = story::ENVIRONMENTS.into_iter().map(|environment| environment.name);
    names.filter(move |name| chosen.as_deref().is_none_or(|chosen| chosen == *name))
}
