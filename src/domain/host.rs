//! What the name of a host says by itself.

// Of `core`, which has addresses and nothing that could connect to one.
use core::net::IpAddr;

/// True for the name, or an address, that this machine has for itself. Brackets around an address are no part of it.
pub fn is_here(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_told_from_others() {
        for host in ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"] {
            assert!(is_here(host), "{host}");
        }
        for host in ["", "10.0.0.7", "[2001:db8::1]", "localhost.example.com", "127.0.0.1.example.com"] {
            assert!(!is_here(host), "{host}");
        }
    }
}
