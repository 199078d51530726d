//! Outside the windows: notifications and the tray.

use super::*;

#[test]
fn notification_click_opens_its_item() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    desktop.focused(&app)?;
    desktop.callboard.polled(&["pager"])?;
    desktop.session.press(&["Escape"])?;
    desktop.no_window(&app)?;

    desktop.fire("DiskFull")?;
    let shown = || desktop.session.notifications().ok().filter(|shown| !shown.is_empty());
    let shown = wait_until("the notification", PATIENCE, shown)?;
    assert!(shown[0].summary.contains("DiskFull"), "{shown:?}");
    desktop.session.click_notification()?;
    desktop.focused(&app)?;
    app.page()
        .until("all('option').find((it) => it.ariaSelected === 'true')?.textContent.includes('DiskFull')")?;
    app.page().until("find('region', 'Detail').textContent.includes('DiskFull')")?;
    Ok(())
}

#[test]
fn notification_button_acts() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    desktop.callboard.polled(&["pager"])?;
    desktop.fire("DiskFull")?;
    desktop.displays(1)?;
    let has_shown = |text: &str| {
        wait_until(text, PATIENCE, || {
            let shown = desktop.session.notifications().ok()?;
            shown.iter().any(|it| it.summary.contains(text)).then_some(())
        })
        .with_context(|| app.output())
    };
    // It announces what it will do, and can be undone until then.
    desktop.session.press_notification("Silence for 2 h")?;
    has_shown("sent in 5 seconds")?;
    desktop.session.press_notification("Undo")?;
    has_shown("undone")?;
    let runs = desktop.callboard.json(&["runs"])?;
    assert_eq!(runs[0][0]["state"], json!({ "state": "canceled", "sent": false }));
    assert_eq!(desktop.active_silences()?, 0, "nothing was sent");

    desktop.fire("CpuHot")?;
    desktop.displays(2)?;
    desktop.session.press_notification("Silence for 2 h")?;
    wait_until("the silence", PATIENCE, || desktop.active_silences().ok().filter(|count| *count == 1))
        .with_context(|| app.output())?;
    wait_until("the message in the room", PATIENCE, || desktop.room().ok().filter(|room| room.len() == 1))?;
    Ok(())
}

#[test]
fn notification_is_withdrawn_when_its_item_is_moot() -> Result<()> {
    let desktop = Desktop::new()?;
    let _app = desktop.hidden()?;
    desktop.callboard.polled(&["pager"])?;
    desktop.fire("DiskFull")?;
    desktop.displays(1)?;
    desktop.resolve("DiskFull")?;
    desktop.displays(0)?;
    Ok(())
}

#[test]
fn tray_icon_click_opens_the_board() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.hidden()?;
    desktop.tray.icon()?.activate()?;
    desktop.focused(&app)?;
    Ok(())
}

#[test]
fn tray_shows_the_state_and_its_menu_acts() -> Result<()> {
    let desktop = Desktop::new()?;
    let app = desktop.open()?;
    let icon = desktop.tray.icon()?;
    let calm = desktop.calm(&icon)?;
    assert!(calm.iter().all(|it| it.argb.len() == (it.width * it.height * 4) as usize), "whole pictures");
    desktop.fire("DiskFull")?;
    desktop.on_board("DiskFull")?;
    wait_until("another picture", PATIENCE, || icon.pictures().ok().filter(|now| *now != calm))?;
    wait_until("the tooltip", PATIENCE, || icon.tooltip().ok().filter(|text| text.contains('1')))?;

    // The alert's own menu has what can be done about it; the menu is rebuilt a moment after the tooltip.
    wait_until("the alert's menu", PATIENCE, || {
        icon.menu().ok()?.find("DiskFull").filter(|alert| alert.find("Silence for 2 h").is_some()).map(drop)
    })
    .with_context(|| format!("{:#?}", icon.menu()))?;
    icon.choose("Silence for 2 h")?;
    desktop.focused(&app)?;
    app.page().until("find('region', 'What will run').textContent.includes('silences')")?;
    desktop.session.press(&["Return"])?;
    wait_until("the silence", PATIENCE, || desktop.active_silences().ok().filter(|count| *count == 1))
        .with_context(|| app.output())?;
    wait_until("the message in the room", PATIENCE, || desktop.room().ok().filter(|room| room.len() == 1))?;
    Ok(())
}

#[test]
fn do_not_disturb_from_the_tray_applies_everywhere() -> Result<()> {
    let desktop = Desktop::new()?;
    let _app = desktop.hidden()?;
    let icon = desktop.tray.icon()?;
    assert_eq!(desktop.status()?.quiet, None);
    let calm = desktop.calm(&icon)?;
    icon.choose("1 hour")?;
    let quiet = wait_until("quiet", PATIENCE, || desktop.status().ok()?.quiet)?;
    assert!(quiet.manual, "{quiet:?}");
    wait_until("the moon", PATIENCE, || icon.pictures().ok().filter(|now| *now != calm))?;
    desktop.fire("DiskFull")?;
    desktop.on_board("DiskFull")?;
    desktop.callboard.polled(&["pager"])?;
    assert_eq!(desktop.session.notifications()?, [], "nothing disturbs");
    assert_eq!(desktop.callboard.cmd(&["quiet", "off"])?.code, Some(0));
    wait_until("the moon to be gone", PATIENCE, || {
        desktop.status().ok().filter(|status| status.quiet.is_none())
    })?;
    Ok(())
}
