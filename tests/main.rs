//! The one integration-test binary.

mod store;

mod support {
    //! What several tests stand on.

    pub(crate) mod postgres;
}
