use super::*;
use crate::commands::status::sample;
use crate::ui::style::Style;

fn look(width: usize) -> Look {
    Look { width, height: 40, glyphs: Glyphs::Unicode, at: sample::now() }
}

/// As a terminal without colour shows it; every line fits.
#[track_caller]
fn shown(now: &Status, before: Option<&Status>, look: Look) -> String {
    let before = before.map(|status| (status, Duration::from_secs(2)));
    let lines = picture(now, before, &look);
    for line in &lines {
        assert!(line.width() <= look.width, "{line:?}");
    }
    let texts = lines.iter().map(|line| line.render(Style::new(false)).trim_end().to_owned());
    texts.collect::<Vec<_>>().join("\n")
}

/// The same deployment a little earlier, with fewer requests.
fn earlier(status: &Status) -> Status {
    let mut earlier = status.clone();
    if let Some(traffic) = &mut earlier.traffic {
        traffic.requests -= 25;
    }
    earlier
}

#[test]
fn eighty_columns_show_the_zones_side_by_side() {
    let now = sample::running();
    insta::assert_snapshot!(shown(&now, Some(&earlier(&now)), look(80)), @r###"
    acme-sync is running                                                13:50:12 UTC
    http://127.0.0.1:8420  ● ready                              release 1a2b3c4d1a2b

    12.5 requests/s   0.0 failed/s   3 in flight   12,345 in all

    ╭─ zone a ───────── 1/1 ─╮ ╭─ zone b ───────── 1/1 ─╮ ╭─ zone c ───────── 1/1 ─╮
    │ ● a-1   healthy   12m  │ │ ● b-1   healthy   12m  │ │ ● c-1   healthy   12m  │
    │   1a2b3c4              │ │   1a2b3c4              │ │   1a2b3c4              │
    ╰────────────────────────╯ ╰────────────────────────╯ ╰────────────────────────╯
      ● balancer 2h   ● engines 2h   ● supervisor 2h

    Latest events
       12m  c-1 started: the group wants one more server in zone c
       12m  c-1 healthy: 2 health checks in a row were answered
    "###);
}

#[test]
fn a_hundred_and_twenty_columns_need_one_line_per_server() {
    let now = sample::degraded();
    insta::assert_snapshot!(shown(&now, Some(&earlier(&now)), look(120)), @r###"
    acme-sync is degraded: it serves, but not every part is well                                                13:50:12 UTC
    http://127.0.0.1:8420  ● ready                                                                      release 1a2b3c4d1a2b

    12.5 requests/s   0.0 failed/s   3 in flight   12,345 in all

    ╭─ zone a ────────────────────── 1/1 ─╮ ╭─ zone b ────────────────────── 0/1 ─╮ ╭─ zone c ────────────────────── 0/1 ─╮
    │ ● a-1   healthy   12m   1a2b3c4     │ │ ✗ b-1   unhealthy 12m   1a2b3c4     │ │ ◐ c-2   starting   1s   1a2b3c4     │
    ╰─────────────────────────────────────╯ ╰─────────────────────────────────────╯ ╰─────────────────────────────────────╯
      ● balancer 2h   ● engines 2h   ● supervisor 2h
    ! b-1: no answer on /health within 2 s

    Latest events
       12m  c-1 started: the group wants one more server in zone c
       12m  c-1 healthy: 2 health checks in a row were answered
        3s  c-1 died: it was killed by signal 9 (SIGKILL)
        2s  c-2 started: replaces c-1
        1s  b-1 unhealthy: 2 health checks in a row failed: no answer
    "###);
}

#[test]
fn sixty_columns_stack_the_zones() {
    let now = sample::degraded();
    insta::assert_snapshot!(shown(&now, None, look(60)), @r###"
    acme-sync is degraded: it serves, but not every part is well
    http://127.0.0.1:8420  ● ready          release 1a2b3c4d1a2b

    - requests/s   - failed/s   3 in flight   12,345 in all

    ╭─ zone a ─────────────────────────────────────────── 1/1 ─╮
    │ ● a-1   healthy   12m   1a2b3c4                          │
    ╰──────────────────────────────────────────────────────────╯
    ╭─ zone b ─────────────────────────────────────────── 0/1 ─╮
    │ ✗ b-1   unhealthy 12m   1a2b3c4                          │
    ╰──────────────────────────────────────────────────────────╯
    ╭─ zone c ─────────────────────────────────────────── 0/1 ─╮
    │ ◐ c-2   starting   1s   1a2b3c4                          │
    ╰──────────────────────────────────────────────────────────╯
      ● balancer 2h   ● engines 2h   ● supervisor 2h
    ! b-1: no answer on /health within 2 s

    Latest events
       12m  c-1 started: the group wants one more server in zon…
       12m  c-1 healthy: 2 health checks in a row were answered
        3s  c-1 died: it was killed by signal 9 (SIGKILL)
        2s  c-2 started: replaces c-1
        1s  b-1 unhealthy: 2 health checks in a row failed: no …
    "###);
}

#[test]
fn without_utf_8_it_is_plain_ascii() {
    let now = sample::without_zone_c();
    let text = shown(&now, None, Look { glyphs: Glyphs::Ascii, ..look(80) });
    assert!(text.is_ascii(), "{text}");
    insta::assert_snapshot!(text, @r###"
    acme-sync is degraded: it serves, but not every part is well        13:50:12 UTC
    http://127.0.0.1:8420  + ready                              release 1a2b3c4d1a2b

    - requests/s   - failed/s   3 in flight   12,345 in all

    +- zone a --------- 1/1 -+ +- zone b --------- 0/0 -+ +- zone c --------- 0/0 -+
    | + a-1   healthy   12m  | | no server              | | no server              |
    |   1a2b3c4              | |                        | |                        |
    +------------------------+ +------------------------+ +------------------------+
      + balancer 2h   + engines 2h   + supervisor 2h

    Latest events
       12m  c-1 started: the group wants one more server in zone c
       12m  c-1 healthy: 2 health checks in a row were answered
        3s  c-1 died: it was killed by signal 9 (SIGKILL)
        2s  c-2 started: replaces c-1
        1s  b-1 unhealthy: 2 health checks in a row failed: no answer
    "###);
}

#[test]
fn a_zone_that_a_drill_took_away_is_lost_whatever_was_seen_of_its_servers() {
    let text = shown(&sample::in_a_zone_drill(), None, look(80));
    assert_eq!(text.matches(" lost ─╮").count(), 2, "{text}");
    assert_eq!(text.matches("out, by a drill").count(), 2, "{text}");
    assert!(text.contains("○ b-1   lost") && !text.contains("● b-1"), "{text}");
    assert!(text.contains("● a-1   healthy"), "{text}");
}

#[test]
fn a_roll_is_seen_moving() {
    insta::assert_snapshot!(shown(&sample::rolling(), None, look(80)), @r###"
    acme-sync is rolling, and it serves                                 13:50:12 UTC
    http://127.0.0.1:8420  ● ready                              release 9f8e7d6c9f8e

    - requests/s   - failed/s   3 in flight   12,345 in all
    ████░░░░░░░░  rolling to 9f8e7d6c9f8e: 1 server runs it, 2 to go

    ╭─ zone a ───────── 1/2 ─╮ ╭─ zone b ───────── 1/1 ─╮ ╭─ zone c ───────── 1/1 ─╮
    │ ↓ a-1   draining  12m  │ │ ● b-1   healthy   12m  │ │ ● c-1   healthy   12m  │
    │   1a2b3c4              │ │   1a2b3c4              │ │   1a2b3c4              │
    │ ● a-2   healthy    2s  │ │                        │ │                        │
    │   9f8e7d6              │ │                        │ │                        │
    ╰────────────────────────╯ ╰────────────────────────╯ ╰────────────────────────╯
      ● balancer 2h   ● engines 2h   ● supervisor 2h

    Latest events
       12m  c-1 started: the group wants one more server in zone c
       12m  c-1 healthy: 2 health checks in a row were answered
    "###);
    let baking = shown(&sample::baking(), None, look(80));
    let line = baking.lines().find(|line| line.contains('█')).unwrap();
    insta::assert_snapshot!(line, @"████████████  rolling to 9f8e7d6c9f8e: every server, baking 4 s more");
}

#[test]
fn a_standby_is_shown_and_is_none_of_the_group() {
    let mut now = sample::baking();
    let mut standby = now.servers[1].clone();
    standby.name = "b-0".to_owned();
    standby.standby = true;
    standby.digest = "1a2b3c4d".repeat(8);
    now.servers.insert(1, standby);
    let text = shown(&now, None, look(80));
    assert!(text.contains("● b-0   standby"), "{text}");
    assert!(text.contains("zone b ───────── 1/1"), "{text}");
    assert!(text.contains("every server, baking"), "{text}");
}

#[test]
fn what_does_not_fit_below_is_left_out_from_the_end() {
    let tall = shown(&sample::degraded(), None, look(80));
    let short = shown(&sample::degraded(), None, Look { height: 13, ..look(80) });
    assert!(tall.contains("SIGKILL") && !short.contains("Latest events"), "{short}");
}

#[test]
fn a_balancer_that_began_anew_gives_no_negative_rate() {
    let now = sample::running();
    let mut before = now.clone();
    before.traffic.as_mut().unwrap().requests += 1;
    assert!(shown(&now, Some(&before), look(80)).contains("- requests/s"));
}

#[test]
fn colour_only_repeats_what_characters_say() {
    let lines = picture(&sample::degraded(), None, &look(80));
    let coloured: String = lines.iter().map(|line| line.render(Style::new(true)) + "\n").collect();
    let escape = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    let plain: Vec<_> = lines.iter().map(|line| line.render(Style::new(false))).collect();
    assert!(coloured.contains("\x1b[32m●\x1b[0m"), "{coloured}");
    assert_eq!(escape.replace_all(&coloured, ""), plain.join("\n") + "\n");
}
