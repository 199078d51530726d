//! Outside the windows: notifications and the tray.

use super::*;

#[test]
fn a_click_on_a_notification_opens_its_item() -> Result<()> {
    let desk = Desk::new()?;
    let app = desk.open()?;
    desk.focused(&app)?;
    desk.callboard.polled(&["pager"])?;
    desk.session.press(&["Escape"])?;
    desk.put_away(&app)?;

    desk.fire("DiskFull")?;
    let shown = || desk.session.notifications().ok().filter(|shown| !shown.is_empty());
    let shown = wait_until("the notification", PATIENCE, shown)?;
    assert!(shown[0].summary.contains("DiskFull"), "{shown:?}");
    desk.session.click_notification()?;
    desk.focused(&app)?;
    app.page()
        .until("all('option').find((it) => it.ariaSelected === 'true')?.textContent.includes('DiskFull')")?;
    app.page().until("find('region', 'Detail').textContent.includes('DiskFull')")?;
    Ok(())
}

#[test]
fn a_button_of_a_notification_acts() -> Result<()> {
    let desk = Desk::new()?;
    let app = desk.open()?;
    desk.callboard.polled(&["pager"])?;
    desk.fire("DiskFull")?;
    desk.displays(1)?;
    let says = |words: &str| {
        wait_until(words, PATIENCE, || {
            let shown = desk.session.notifications().ok()?;
            shown.iter().any(|it| it.summary.contains(words)).then_some(())
        })
        .with_context(|| app.output())
    };
    // It says what it will do, and can be undone until then.
    desk.session.press_notification("Silence for 2 h")?;
    says("sent in 5 seconds")?;
    desk.session.press_notification("Undo")?;
    says("undone")?;
    let runs = desk.callboard.json(&["runs"])?;
    assert_eq!(runs[0][0]["state"], json!({ "state": "canceled", "sent": false }));
    assert_eq!(desk.active_silences()?, 0, "nothing was sent");

    desk.fire("CpuHot")?;
    desk.displays(2)?;
    desk.session.press_notification("Silence for 2 h")?;
    wait_until("the silence", PATIENCE, || desk.active_silences().ok().filter(|count| *count == 1))
        .with_context(|| app.output())?;
    wait_until("the room to know", PATIENCE, || desk.room().ok().filter(|room| room.len() == 1))?;
    Ok(())
}

#[test]
fn notification_is_withdrawn_when_its_item_is_moot() -> Result<()> {
    let desk = Desk::new()?;
    let _app = desk.hidden()?;
    desk.callboard.polled(&["pager"])?;
    desk.fire("DiskFull")?;
    desk.displays(1)?;
    desk.resolve("DiskFull")?;
    desk.displays(0)?;
    Ok(())
}

#[test]
fn a_click_on_the_tray_icon_opens_the_board() -> Result<()> {
    let desk = Desk::new()?;
    let app = desk.hidden()?;
    desk.tray.icon()?.activate()?;
    desk.focused(&app)?;
    Ok(())
}

#[test]
fn the_tray_tells_what_is_and_its_menu_acts() -> Result<()> {
    let desk = Desk::new()?;
    let app = desk.open()?;
    let icon = desk.tray.icon()?;
    let calm = desk.calm(&icon)?;
    assert!(calm.iter().all(|it| it.argb.len() == (it.width * it.height * 4) as usize), "whole pictures");
    desk.fire("DiskFull")?;
    desk.on_board("DiskFull")?;
    wait_until("another picture", PATIENCE, || icon.pictures().ok().filter(|now| *now != calm))?;
    wait_until("the words", PATIENCE, || icon.tooltip().ok().filter(|words| words.contains('1')))?;

    // The alert's own menu has what can be done about it; a menu is made anew a moment after the words.
    wait_until("the alert's menu", PATIENCE, || {
        icon.menu().ok()?.find("DiskFull").filter(|alert| alert.find("Silence for 2 h").is_some()).map(drop)
    })
    .with_context(|| format!("{:#?}", icon.menu()))?;
    icon.choose("Silence for 2 h")?;
    desk.focused(&app)?;
    app.page().until("find('region', 'What will run').textContent.includes('silences')")?;
    desk.session.press(&["Return"])?;
    wait_until("the silence", PATIENCE, || desk.active_silences().ok().filter(|count| *count == 1))
        .with_context(|| app.output())?;
    wait_until("the room to know", PATIENCE, || desk.room().ok().filter(|room| room.len() == 1))?;
    Ok(())
}

#[test]
fn do_not_disturb_from_the_tray_is_in_force_everywhere() -> Result<()> {
    let desk = Desk::new()?;
    let _app = desk.hidden()?;
    let icon = desk.tray.icon()?;
    assert_eq!(desk.status()?.quiet, None);
    let calm = desk.calm(&icon)?;
    icon.choose("1 hour")?;
    let quiet = wait_until("quiet", PATIENCE, || desk.status().ok()?.quiet)?;
    assert!(quiet.asked, "{quiet:?}");
    wait_until("the moon", PATIENCE, || icon.pictures().ok().filter(|now| *now != calm))?;
    desk.fire("DiskFull")?;
    desk.on_board("DiskFull")?;
    desk.callboard.polled(&["pager"])?;
    assert_eq!(desk.session.notifications()?, [], "nothing disturbs");
    assert_eq!(desk.callboard.cmd(&["quiet", "off"])?.code, Some(0));
    wait_until("the moon to be gone", PATIENCE, || {
        desk.status().ok().filter(|status| status.quiet.is_none())
    })?;
    Ok(())
}
