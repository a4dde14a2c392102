"""The commands of the client, each by the test in which it is carried out and looked at: on the server or, where the server knows nothing of it, on the screen.

``conftest`` asks of each test whether it has carried out what it stands for, and of each flow whether the client offered something that is not named.
"""

# By test, the commands after which the server's state is looked at.
ON_THE_SERVER = {
    "test_archive_and_go_on": ("mail.archive-next", "mail.archive-previous"),
    "test_filed_by_key_and_fetched_back": ("mail.trash", "mail.junk", "mail.not-junk", "mail.move", "mail.inbox"),
    "test_undone_and_done_again": ("mail.archive", "app.undo", "app.redo"),
    "test_read_unread_and_flagged": ("mail.read", "mail.unread", "mail.toggle-read", "mail.flag"),
    "test_muted_and_no_longer": ("mail.mute", "mail.unmute"),
    "test_a_conversation_and_its_answers": ("thread.reply", "thread.reply-all", "thread.forward", "compose.send"),
    "test_a_draft_is_taken_up_again": ("compose.new", "compose.draft"),
    "test_choosing_many": ("list.select", "select.all", "select.none", "select.read", "select.unread", "select.flagged"),
    "test_walking_the_list": ("list.open",),
    "test_every_place_has_a_way_to_it": ("mail.snooze",),
    "test_a_new_folder_by_the_palette": ("mailbox.new",),
    "test_a_reminder_stands_on_the_board_until_it_is_done": ("mail.remind",),
    "test_a_blocked_sender_goes_to_junk_from_now_on": ("mail.block",),
    "test_colours_of_flags_are_those_of_other_programs": ("mail.flag-as",),
    "test_labels_have_names_and_colours_and_are_keywords": ("mail.label",),
    "test_a_note_is_for_oneself_and_on_every_device": ("mail.note",),
    "test_a_folder_is_given_by_its_menu_and_taken_back": ("mailbox.share",),
    "test_out": ("app.sign-out",),
}
# By test, the commands of which the server learns nothing: what they do is seen on the screen.
ON_THE_SCREEN = {
    "test_a_conversation_and_its_answers": ("thread.next", "thread.previous", "thread.expand", "thread.collapse"),
    "test_a_conversation_on_paper": ("thread.print",),
    "test_choosing_many": ("list.extend-next", "list.extend-previous"),
    "test_walking_the_list": ("list.next", "list.previous", "list.first", "list.last", "list.back"),
    "test_every_place_has_a_way_to_it": (
        "go.inbox", "go.flagged", "go.drafts", "go.sent", "go.archive", "go.junk", "go.trash", "go.all", "go.waiting", "go.snoozed", "go.history",
        "go.settings", "go.outbox", "app.search",
    ),
    "test_all_inboxes_are_one_and_news_of_each_comes_live": ("go.inboxes",),
    "test_what_the_screen_alone_shows": (
        "layout.1", "layout.2", "layout.3", "layout.4", "layout.5", "layout.own-1", "layout.own-2", "layout.own-3", "layout.own-4", "app.palette", "app.keys", "app.more", "app.next-pane", "app.previous-pane", "app.tour"),
}  # fmt: skip
NAMED = {command: test for tests in (ON_THE_SERVER, ON_THE_SCREEN) for test, commands in tests.items() for command in commands}


def of(test: str) -> set[str]:
    """The commands for which a test stands."""
    return {command for command, one in NAMED.items() if one == test}
