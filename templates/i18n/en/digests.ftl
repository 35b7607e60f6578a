# Texts of the pages of digests in the admin area.

admin-digest-new = New digest
admin-digests-empty = There is no digest yet. A digest mails the new articles to its subscribers on a schedule.
admin-schedule = Schedule
admin-next-date = Next date
admin-last-edition = Last edition
admin-origin = Defined in
admin-origin-database = Database
admin-defined-in-file = { $place } defines this. Change it there; it is read-only here.
admin-preview = Preview
admin-edit = Edit
admin-history = History

admin-digest-recipients = Recipients now
admin-digest-pending = An edition is due and is created as soon as Courant runs:
admin-digest-no-dates = The schedule has no further date.
admin-digest-pauses = Paused:
weekday-short = { $day ->
    [1] Mo
    [2] Tu
    [3] We
    [4] Th
    [5] Fr
    [6] Sa
   *[7] Su
  }
admin-calendar-edition = Edition
admin-calendar-paused = Paused
admin-digest-next = Stories of the next edition
admin-digest-missing = An edition needs at least { $count } { $count ->
    [one] story
   *[other] stories
  }; until then these wait for the next date.
admin-digest-more = and { $count } more
admin-digest-no-stories = No story waits. New articles appear here as soon as a source has them.
admin-left-out = Left out
admin-left-out-max-age = { $count ->
    [one] One article is
   *[other] { $count } articles are
  } older than { $age }
admin-left-out-already-sent = { $count ->
    [one] One article was
   *[other] { $count } articles were
  } in an earlier edition
admin-left-out-future = { $count ->
    [one] One article has
   *[other] { $count } articles have
  } a date after the edition
admin-left-out-other-section = { $count ->
    [one] One article is
   *[other] { $count } articles are
  } in other sections
admin-left-out-other-tag = { $count ->
    [one] One article has
   *[other] { $count } articles have
  } none of the tags
admin-left-out-other-author = { $count ->
    [one] One article is
   *[other] { $count } articles are
  } by other authors
admin-left-out-other-language = { $count ->
    [one] One article is
   *[other] { $count } articles are
  } in other languages
admin-left-out-other-source = { $count ->
    [one] One article is
   *[other] { $count } articles are
  } from other sources
admin-left-out-ungrouped = { $count ->
    [one] One article is
   *[other] { $count } articles are
  } not yet matched with their translations
admin-left-out-not-chosen = { $count ->
    [one] One article is
   *[other] { $count } articles are
  } in sections that this subscriber did not choose
admin-mail-size = The mail has { $size } kB of HTML; Gmail shows up to { $limit } kB.
admin-mail-clipped = Gmail cuts this mail off. Lower the number of articles in full, or shorten the template.
admin-mail-unlisted = { $count ->
    [one] One more article is
   *[other] { $count } more articles are
  } only counted in the mail, so that Gmail does not cut it off.
admin-audience = Audience
admin-audience-filter = Only subscribers with
admin-audience-language = Language
admin-audience-section = Chosen section
admin-audience-empty = Nobody has confirmed a subscription yet.
admin-language-unknown = Not known
admin-all-sections = All sections
admin-dependents = Depends on it
admin-depends-subscriptions = { $count ->
    [one] one subscription
   *[other] { $count } subscriptions
  }
admin-depends-editions = editions in progress: { $names }
admin-depends-hub = { $count ->
    [one] one reader service that gets new articles at once
   *[other] { $count } reader services that get new articles at once
  } (WebSub)
admin-depends-aliases = former paths: { $names }
admin-depends-destinations = publishing destinations: { $names }

admin-preview-title = { $title }: preview
admin-preview-content = Content
admin-preview-next = Next edition
admin-preview-sample = Newest articles as a sample
admin-preview-last = Last edition
admin-preview-as = As subscriber
admin-preview-as-nobody = address, or empty
admin-preview-language = as the subscriber
admin-preview-show = Show
admin-preview-facts = This mail
admin-preview-articles = { $count ->
    [0] It has no article.
    [one] It has one article.
   *[other] It has { $count } articles.
  }
admin-preview-no-stories = No story waits for the next edition. This is a sample with the newest articles.
admin-mail-subject = Subject
admin-mail-shown = Mail
admin-mail-text = Text part
admin-mail-source = Source
admin-mail-desktop = Desktop
admin-mail-phone = Phone
admin-mail-light = Light
admin-mail-dark = Dark
admin-mail-of = { $title }, edition { $id }: what was mailed
admin-mail-sample = Name, address and links are those of a sample person.
admin-test = Send a test
admin-test-to = Address
admin-test-button = Send me a test
admin-test-queued = The test to { $address } is queued and is sent within seconds.
admin-create = Create an edition now
admin-create-hint = { $count ->
    [one] One subscriber receives it at once
   *[other] { $count } subscribers receive it at once
  }, and its stories are not sent again. The schedule stays as it is.
admin-create-check = { $count ->
    [one] Send to one person
   *[other] Send to { $count } people
  }
admin-create-type = Type the number of recipients: { $count }
admin-create-button = Create and send
admin-create-few = Too few stories wait for an edition.
admin-create-nobody = Nobody would receive it: no confirmed subscriber belongs to the audience.
admin-error-address = This is not an e-mail address. Write it as in name@example.org.
admin-error-unknown-address = No subscriber has this address.
admin-error-suppressed = This address is suppressed and gets no mail. Remove it from the suppressions first.
admin-done-digest-test = The test is queued and is sent within seconds.
admin-done-edition-created = The edition is created and is being sent.
admin-refused-edition-blocked = Nothing was created: this database must not send mail.
admin-refused-edition-recipients = Nothing was created: the number is not that of the recipients. Look at it again.
admin-refused-edition-unconfirmed = Nothing was created: confirm the number of recipients.
admin-refused-edition-few = Nothing was created: too few stories wait.
admin-refused-edition-conflict = Nothing was created: another edition with the same stories was created at the same time.

admin-pause-all = Pause everything
admin-pause-own = Pause my digests
admin-pause-all-confirm = { $editions ->
    [0] { $count ->
        [one] Pause 1 digest? Subscribers receive no edition until you resume it.
       *[other] Pause { $count } digests? Subscribers receive no edition until you resume them.
    }
    [one] { $count ->
        [one] Pause 1 digest and the edition that is being sent? Subscribers receive no edition until you resume it.
       *[other] Pause { $count } digests and the edition that is being sent? Subscribers receive no edition until you resume them.
    }
   *[other] { $count ->
        [one] Pause 1 digest and the { $editions } editions that are being sent? Subscribers receive no edition until you resume it.
       *[other] Pause { $count } digests and the { $editions } editions that are being sent? Subscribers receive no edition until you resume them.
    }
}
admin-resume-all = Resume everything
admin-resume-own = Resume my digests
admin-resume-all-confirm = { $count ->
    [one] Resume 1 digest, with the editions that were paused with it?
   *[other] Resume { $count } digests, with the editions that were paused with them?
}
admin-digest-pause = Pause
admin-digest-resume = Resume
admin-digest-paused-since = Paused since
admin-digest-paused-effect = — no edition is created or sent until you resume the digest.
admin-digest-paused-dates = No dates while the digest is paused.
admin-paused-all = All digests are paused: nothing is sent to subscribers.
admin-paused-own = Your digests are paused: none of their mails is sent.
admin-paused-some = { $count } digests are paused.
admin-edition-follows-pause = Paused together with its digest, and resumed with it:
admin-done-digest-paused = The digest is paused, with its editions that were being sent.
admin-done-digest-resumed = The digest is resumed. Dates during the pause are not made up for; their articles are in the next edition.
admin-done-digests-paused = Everything is paused: no edition is created or sent until you resume it.
admin-done-own-digests-paused = Your digests are paused: none of their editions is created or sent until you resume them.
admin-done-digests-resumed = Everything is resumed. Dates during the pause are not made up for; their articles are in the next edition.
admin-done-own-digests-resumed = Your digests are resumed. Dates during the pause are not made up for; their articles are in the next editions.
admin-refused-digest-paused = Nothing was changed: the digest is paused already.
admin-refused-digest-resumed = Nothing was changed: the digest is not paused.
admin-refused-edition-paused = Nothing was created: the digest is paused. Resume it first.

admin-not-addressed = Subscribers left out
admin-not-addressed-pending = { $count ->
    [one] One person had not confirmed the subscription yet.
   *[other] { $count } people had not confirmed the subscription yet.
  }
admin-not-addressed-paused = { $count ->
    [one] One person had paused the subscription.
   *[other] { $count } people had paused the subscription.
  }
admin-not-addressed-unsubscribed = { $count ->
    [one] One person had unsubscribed before.
   *[other] { $count } people had unsubscribed before.
  }
admin-not-addressed-no-story = { $count ->
    [one] One person chose only sections without an article in this edition.
   *[other] { $count } people chose only sections without an article in this edition.
  }
admin-not-addressed-suppressed = { $count ->
    [one] One person has an address that was suppressed.
   *[other] { $count } people have an address that was suppressed.
  }
admin-not-addressed-audience = { $count ->
    [one] One person did not fulfil the filter of the digest.
   *[other] { $count } people did not fulfil the filter of the digest.
  }
admin-not-addressed-hint = Counted when the edition was created. Nobody is left out because of the language: people whose language the digest does not have get it in its first language.
admin-not-addressed-nobody = Nobody was left out: all subscribers of the digest get it.
admin-reception-ask = Why did somebody get it, or not?
admin-reception-button = Explain
