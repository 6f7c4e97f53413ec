//! Holds the place of the emulated AWS until that is merged: the same names, one silent address per environment.
//!
//! Deliberately absent: any behaviour of AWS.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use jiff::Timestamp;
use tokio::net::TcpListener;

#[derive(Clone)]
#[expect(dead_code, reason = "the stand-in needs few of the real settings")]
pub(crate) struct Settings {
    pub(crate) demo_id: String,
    pub(crate) region: String,
    pub(crate) account: String,
    pub(crate) time_factor: u32,
    pub(crate) state_folder: PathBuf,
    pub(crate) store: PathBuf,
    pub(crate) database: DatabaseAccess,
    pub(crate) login: (String, String),
    pub(crate) known_versions: Vec<String>,
    pub(crate) image_repository: String,
    pub(crate) seeds: Vec<ServiceSeed>,
    pub(crate) ports: BTreeMap<String, u16>,
}

#[derive(Clone)]
#[expect(dead_code, reason = "the stand-in reaches no database")]
pub(crate) struct DatabaseAccess {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) username: String,
    pub(crate) password: String,
}

#[derive(Clone)]
#[expect(dead_code, reason = "the stand-in has no services")]
pub(crate) struct ServiceSeed {
    pub(crate) environment: String,
    pub(crate) database: String,
    pub(crate) deployments: Vec<(String, Timestamp)>,
}

#[derive(Debug, thiserror::Error)]
#[error("no address for a store: {0}")]
pub(crate) struct WorldError(#[from] std::io::Error);

#[derive(Clone)]
pub(crate) struct World {
    stores: Arc<BTreeMap<String, TcpListener>>,
}

#[expect(clippy::unused_async, reason = "the real one waits")]
impl World {
    pub(crate) async fn open(settings: Settings) -> Result<Self, WorldError> {
        let mut stores = BTreeMap::new();
        for seed in settings.seeds {
            let wanted = settings.ports.get(&seed.environment).copied().unwrap_or_default();
            let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)).await {
                Ok(listener) => listener,
                Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
            };
            stores.insert(seed.environment, listener);
        }
        Ok(Self { stores: Arc::new(stores) })
    }

    #[expect(clippy::unused_self, reason = "the real one has something to serve")]
    pub(crate) fn router(&self) -> Router {
        Router::new()
    }

    pub(crate) fn addresses(&self) -> BTreeMap<String, SocketAddr> {
        let address = |(name, store): (&String, &TcpListener)| Some((name.clone(), store.local_addr().ok()?));
        self.stores.iter().filter_map(address).collect()
    }

    pub(crate) async fn reset(&self, _seeds: Vec<ServiceSeed>) -> Result<(), WorldError> {
        Ok(())
    }

    pub(crate) async fn database_moved(&self, _access: DatabaseAccess) {}

    pub(crate) async fn shutdown(self) {}
}
