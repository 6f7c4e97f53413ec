//! The emulated CloudWatch Logs: reading the log book.
//!
//! Absent on purpose: writing through the API, filter patterns (refused, not ignored), live tail.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::logs::{Event, Group, Stream};
use super::names;
use super::wire::{self, Fault};
use super::world::Inner;

/// What this service of the sandbox answers.
pub(super) const OFFERED: &str = "FilterLogEvents, DescribeLogStreams, DescribeLogGroups";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterRequest {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
    start_from_head: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Filtered {
    events: Vec<FilteredEvent>,
    searched_log_streams: [Value; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FilteredEvent {
    log_stream_name: String,
    timestamp: i64,
    message: String,
    ingestion_time: i64,
    event_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamsRequest {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Streams {
    log_streams: Vec<StreamRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct StreamRow {
    log_stream_name: String,
    creation_time: i64,
    first_event_timestamp: i64,
    last_event_timestamp: i64,
    last_ingestion_time: i64,
    arn: String,
    stored_bytes: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupsRequest {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    log_groups: Vec<GroupRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupRow {
    log_group_name: String,
    creation_time: i64,
    metric_filter_count: u32,
    arn: String,
    stored_bytes: usize,
    log_group_class: &'static str,
    log_group_arn: String,
}

/// Answers one call.
pub(super) fn call(world: &Inner, operation: &str, body: &[u8]) -> Result<Value, Fault> {
    match operation {
        "FilterLogEvents" => wire::answer(&filter(world, &wire::read(body)?)?),
        "DescribeLogStreams" => wire::answer(&streams(world, &wire::read(body)?)?),
        "DescribeLogGroups" => wire::answer(&groups(world, &wire::read(body)?)?),
        other => Err(Fault::unknown_operation("logs", other, OFFERED)),
    }
}

fn filter(world: &Inner, request: &FilterRequest) -> Result<Filtered, Fault> {
    if request.filter_pattern.as_ref().is_some_and(|pattern| !pattern.trim().is_empty()) {
        return Err(invalid("The sandbox has no filter patterns; leave filterPattern out."));
    }
    if request.log_stream_names.is_some() && request.log_stream_name_prefix.is_some() {
        return Err(invalid("logStreamNames and logStreamNamePrefix cannot both be given."));
    }
    let limit = within(request.limit, 10_000, 10_000)?;
    let after = request.next_token.as_deref().map(position).transpose()?;
    let newest_first = request.start_from_head == Some(false);
    let group = requested(request.log_group_name.as_ref(), request.log_group_identifier.as_ref())?;
    let wanted = |name: &str| match (&request.log_stream_names, &request.log_stream_name_prefix) {
        (Some(names), _) => names.iter().any(|wanted| wanted == name),
        (None, Some(prefix)) => name.starts_with(prefix.as_str()),
        (None, None) => true,
    };
    let in_time = |event: &Event| {
        let at = event.at.as_millisecond();
        request.start_time.is_none_or(|start| at >= start) && request.end_time.is_none_or(|end| at <= end)
    };
    let is_next = |event: &Event| {
        let place = (event.at.as_millisecond(), event.number);
        after.is_none_or(|after| if newest_first { place < after } else { place > after })
    };
    world.logs.read(|groups| {
        let group = groups.get(&group).ok_or_else(no_such_group)?;
        let mut found: Vec<(&str, &Event)> = group
            .streams
            .iter()
            .filter(|(name, _)| wanted(name))
            .flat_map(|(name, stream)| stream.events.iter().map(move |event| (name.as_str(), event)))
            .filter(|(_, event)| in_time(event) && is_next(event))
            .collect();
        found.sort_by_key(|(_, event)| (event.at.as_millisecond(), event.number));
        if newest_first {
            found.reverse();
        }
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        // The place of the last event, not a count: events that arrive meanwhile neither repeat nor hide any.
        let next_token = last.map(|(_, event)| format!("{}/{}", event.at.as_millisecond(), event.number));
        Ok(Filtered {
            events: found.into_iter().map(|(name, event)| row(name, event)).collect(),
            searched_log_streams: [],
            next_token,
        })
    })
}

fn row(stream: &str, event: &Event) -> FilteredEvent {
    let at = event.at.as_millisecond();
    FilteredEvent {
        log_stream_name: stream.to_owned(),
        timestamp: at,
        message: event.message.clone(),
        ingestion_time: at,
        event_id: format!("{:0>56}", event.number),
    }
}

fn streams(world: &Inner, request: &StreamsRequest) -> Result<Streams, Fault> {
    let by_time = match request.order_by.as_deref() {
        None | Some("LogStreamName") => false,
        Some("LastEventTime") if request.log_stream_name_prefix.is_none() => true,
        Some("LastEventTime") => {
            return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
        }
        Some(other) => {
            return Err(invalid(&format!("orderBy {other} is none of LogStreamName, LastEventTime.")));
        }
    };
    let name = requested(request.log_group_name.as_ref(), request.log_group_identifier.as_ref())?;
    let arn = names::log_group_arn(&world.settings, &name);
    let prefix = request.log_stream_name_prefix.as_deref().unwrap_or_default();
    let mut rows: Vec<StreamRow> = world.logs.read(|groups| {
        let group = groups.get(&name).ok_or_else(no_such_group)?;
        let named = group.streams.iter().filter(|(name, _)| name.starts_with(prefix));
        Ok(named.filter_map(|(name, stream)| stream_row(&arn, name, stream)).collect())
    })?;
    if by_time {
        rows.sort_by_key(|row| row.last_event_timestamp);
    }
    if request.descending {
        rows.reverse();
    }
    let (log_streams, next_token) = page(&rows, request.next_token.as_deref(), request.limit)?;
    Ok(Streams { log_streams, next_token })
}

fn stream_row(group_arn: &str, name: &str, stream: &Stream) -> Option<StreamRow> {
    let (first, last) = (stream.events.front()?, stream.events.back()?);
    Some(StreamRow {
        log_stream_name: name.to_owned(),
        creation_time: first.at.as_millisecond(),
        first_event_timestamp: first.at.as_millisecond(),
        last_event_timestamp: last.at.as_millisecond(),
        last_ingestion_time: last.at.as_millisecond(),
        arn: format!("{group_arn}:log-stream:{name}"),
        // CloudWatch Logs itself reports nought here since 2019.
        stored_bytes: 0,
    })
}

fn groups(world: &Inner, request: &GroupsRequest) -> Result<Groups, Fault> {
    let prefix = request.log_group_name_prefix.as_deref().unwrap_or_default();
    let pattern = request.log_group_name_pattern.as_deref().unwrap_or_default();
    let rows: Vec<GroupRow> = world.logs.read(|groups| {
        let named = groups.iter().filter(|(name, _)| name.starts_with(prefix) && name.contains(pattern));
        named.map(|(name, group)| group_row(world, name, group)).collect()
    });
    let (log_groups, next_token) = page(&rows, request.next_token.as_deref(), request.limit)?;
    Ok(Groups { log_groups, next_token })
}

fn group_row(world: &Inner, name: &str, group: &Group) -> GroupRow {
    let events = || group.streams.values().flat_map(|stream| &stream.events);
    let arn = names::log_group_arn(&world.settings, name);
    GroupRow {
        log_group_name: name.to_owned(),
        creation_time: events().map(|event| event.at.as_millisecond()).min().unwrap_or_default(),
        metric_filter_count: 0,
        arn: format!("{arn}:*"),
        stored_bytes: events().map(|event| event.message.len()).sum(),
        log_group_class: "STANDARD",
        log_group_arn: arn,
    }
}

/// The page of a listing a token asks for, and the token of the next.
fn page<T: Clone>(
    rows: &[T],
    token: Option<&str>,
    limit: Option<usize>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let limit = within(limit, 50, 50)?;
    let start: usize = match token {
        Some(token) => token.parse().map_err(|_| invalid("The specified nextToken is invalid."))?,
        None => 0,
    };
    let end = rows.len().min(start.saturating_add(limit));
    let rows_of_page = rows.get(start..end).unwrap_or_default().to_vec();
    Ok((rows_of_page, (end < rows.len()).then(|| end.to_string())))
}

/// The group a request names, by name or by ARN.
fn requested(name: Option<&String>, identifier: Option<&String>) -> Result<String, Fault> {
    let named = name.or(identifier).ok_or_else(|| invalid("logGroupName is missing."))?;
    Ok(named.split_once(":log-group:").map_or(named.as_str(), |(_, group)| group).to_owned())
}

fn within(limit: Option<usize>, usual: usize, most: usize) -> Result<usize, Fault> {
    let limit = limit.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(invalid(&format!("limit {limit} is not between 1 and {most}.")))
}

fn position(token: &str) -> Result<(i64, u64), Fault> {
    let parts = token.split_once('/').and_then(|(at, number)| Some((at.parse().ok()?, number.parse().ok()?)));
    parts.ok_or_else(|| invalid("The specified nextToken is invalid."))
}

fn no_such_group() -> Fault {
    Fault::client("ResourceNotFoundException", "The specified log group does not exist.")
}

fn invalid(message: &str) -> Fault {
    Fault::client("InvalidParameterException", message)
}
