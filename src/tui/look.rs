//! How the console looks: its theme in the colours that the terminal shows. A theme whose file is changed while the
//! console is open changes on screen; one that is broken leaves the last good one there, and says what is wrong with it.

use std::future;

use crate::config::appearance::Appearance;
use crate::config::theme::Shelf;
use crate::domain::failure::Failure;
use crate::runtime::News;
use crate::tui::style::Styles;

/// What decides how the console looks.
pub struct Look {
    shelf: Shelf,
    news: Option<News<Shelf>>,
    appearance: Appearance,
    /// The name of the theme that is shown.
    name: String,
    styles: Styles,
}

impl Look {
    /// The theme called `name` of `shelf`, as far as it can be shown. A theme that cannot be used is replaced by another
    /// one until it can.
    pub fn new(shelf: Shelf, name: &str, appearance: Appearance) -> Result<Self, Failure> {
        let theme = match shelf.theme(name) {
            Ok(theme) => theme,
            Err(failure) => match shelf.substitute().filter(|_| shelf.names().iter().any(|it| it == name)) {
                Some(theme) => theme,
                None => return Err(failure),
            },
        };
        let styles = Styles::shown(theme, appearance);
        Ok(Self { shelf, news: None, appearance, name: name.to_owned(), styles })
    }

    /// A theme that is compiled in, on a terminal that shows everything.
    pub fn of(name: &str) -> Result<Self, Failure> {
        Self::new(Shelf::compiled_in(), name, Appearance::default())
    }

    /// The same, and whatever `news` say of the themes.
    #[must_use]
    pub fn following(self, news: News<Shelf>) -> Self {
        Self { news: Some(news), ..self }
    }

    /// The names of all themes.
    pub fn names(&self) -> Vec<String> {
        self.shelf.names()
    }

    /// The name of the theme that is asked for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The styles on screen.
    pub fn styles(&self) -> &Styles {
        &self.styles
    }

    /// What a person should know about the theme that is asked for.
    pub fn remark(&self) -> Option<String> {
        let remark = |words: &str| format!("theme {}: {words}", self.name);
        match self.shelf.theme(&self.name) {
            Err(failure) => Some(remark(failure.because.first().unwrap_or(&failure.what))),
            Ok(_) => self.shelf.remark(&self.name).map(remark),
        }
    }

    /// Shows another theme; one that cannot be used leaves the screen as it is.
    pub fn show(&mut self, name: &str) {
        name.clone_into(&mut self.name);
        if let Ok(theme) = self.shelf.theme(name) {
            self.styles = Styles::shown(theme, self.appearance);
        }
    }

    /// Waits until a file of a theme has changed, and shows what became of it. Safe to drop while it waits.
    pub async fn changed(&mut self) {
        let new = match &mut self.news {
            Some(news) => news.recv().await,
            None => None,
        };
        let Some(new) = new else { return future::pending().await };
        self.shelf = new;
        self.show(&self.name.clone());
    }
}
