# 管理後台中電子報頁面的文字。

admin-digest-new = 新增電子報
admin-digests-empty = 還沒有電子報。電子報會按計畫把新文章寄送給訂閱者。
admin-schedule = 寄送計畫
admin-next-date = 下次寄送
admin-last-edition = 最近一期
admin-origin = 定義於
admin-origin-database = 資料庫
admin-defined-in-file = 此項由 { $place } 定義，在這裡只能檢視；請在該檔中修改。
admin-preview = 預覽
admin-edit = 編輯
admin-history = 歷史版本

admin-digest-recipients = 目前收件人數
admin-digest-pending = 有一期已到時間，Courant 運作後會立即產生：
admin-digest-no-dates = 寄送計畫中沒有後續日期。
admin-digest-pauses = 暫停日期：
weekday-short = { $day ->
    [1] 一
    [2] 二
    [3] 三
    [4] 四
    [5] 五
    [6] 六
   *[7] 日
  }
admin-calendar-edition = 寄送
admin-calendar-paused = 暫停
admin-digest-next = 下一期的文章
admin-digest-missing = 每期至少需要 { $count } 篇文章；在此之前，這些文章會等到下次寄送。
admin-digest-more = 另有 { $count } 篇
admin-digest-no-stories = 沒有待寄的文章。資料來源有新文章後會顯示在這裡。
admin-left-out = 未列入的文章
admin-left-out-max-age = { $count } 篇早於 { $age }
admin-left-out-already-sent = { $count } 篇已在之前各期寄送
admin-left-out-future = { $count } 篇的日期晚於本期
admin-left-out-other-section = { $count } 篇屬於其他欄目
admin-left-out-other-tag = { $count } 篇沒有所選標籤
admin-left-out-other-author = { $count } 篇出自其他作者
admin-left-out-other-language = { $count } 篇使用其他語言
admin-left-out-other-source = { $count } 篇來自其他資料來源
admin-left-out-ungrouped = { $count } 篇尚未與譯文比對
admin-left-out-not-chosen = { $count } 篇屬於該訂閱者未選擇的欄目
admin-mail-size = 郵件的 HTML 為 { $size } kB；Gmail 最多顯示 { $limit } kB。
admin-mail-clipped = Gmail 會截斷這封郵件。請減少完整顯示的文章數，或精簡範本。
admin-mail-unlisted = 另有 { $count } 篇文章在郵件中只計數、不列出，以免被 Gmail 截斷。
admin-audience = 受眾
admin-audience-filter = 僅寄送給符合條件的訂閱者：
admin-audience-language = 語言
admin-audience-section = 所選欄目
admin-audience-empty = 還沒有人確認訂閱。
admin-language-unknown = 未知
admin-all-sections = 全部欄目
admin-dependents = 依賴此項的內容
admin-depends-subscriptions = { $count } 個訂閱
admin-depends-editions = 進行中的期次：{ $names }
admin-depends-hub = { $count } 個即時接收更新的閱讀服務（WebSub）
admin-depends-aliases = 舊路徑：{ $names }
admin-depends-destinations = 發布目標：{ $names }

admin-preview-title = 《{ $title }》預覽
admin-preview-content = 內容
admin-preview-next = 下一期
admin-preview-sample = 最新文章（範例）
admin-preview-last = 最近一期
admin-preview-as = 以某位訂閱者的身分
admin-preview-as-nobody = 電子郵件地址，可留空
admin-preview-language = 訂閱者的語言
admin-preview-show = 顯示
admin-preview-facts = 這封郵件
admin-preview-articles = { $count ->
    [0] 其中沒有文章。
   *[other] 其中有 { $count } 篇文章。
  }
admin-preview-no-stories = 目前沒有待寄的文章，以下以最新文章作為範例。
admin-mail-subject = 主題
admin-mail-shown = 郵件
admin-mail-text = 純文字
admin-mail-source = 原始碼
admin-mail-desktop = 電腦
admin-mail-phone = 手機
admin-mail-light = 淺色
admin-mail-dark = 深色
admin-mail-of = 《{ $title }》第 { $id } 期：寄送的郵件
admin-mail-sample = 姓名、地址和連結均為範例。
admin-test = 寄送測試郵件
admin-test-to = 電子郵件地址
admin-test-button = 寄送測試郵件
admin-test-queued = 寄往 { $address } 的測試郵件已排隊，將在幾秒內寄送。
admin-create = 立即產生一期
admin-create-hint = 將立即寄送給 { $count } 位訂閱者，其中的文章不會再次寄送。原定計畫不變。
admin-create-check = 寄送給 { $count } 人
admin-create-type = 請輸入收件人數：{ $count }
admin-create-button = 產生並寄送
admin-create-few = 待寄的文章太少，不足以產生一期。
admin-create-nobody = 沒有收件人：沒有符合受眾條件的已確認訂閱者。
admin-error-address = 這不是有效的電子郵件地址，請按 name@example.org 的格式填寫。
admin-error-unknown-address = 沒有訂閱者使用該地址。
admin-error-suppressed = 該地址在禁發名單中，不會收到郵件。請先將其移出名單。
admin-done-digest-test = 測試郵件已排隊，將在幾秒內寄送。
admin-done-edition-created = 本期已產生，正在寄送。
admin-refused-edition-blocked = 未產生：此資料庫不得寄送郵件。
admin-refused-edition-recipients = 未產生：人數與收件人數不符，請重新核對。
admin-refused-edition-unconfirmed = 未產生：請先確認收件人數。
admin-refused-edition-few = 未產生：待寄的文章太少。
admin-refused-edition-conflict = 未產生：同時已有另一期列入了相同的文章。

admin-pause-all = 全部暫停
admin-pause-own = 暫停我的電子報
admin-pause-all-confirm = { $editions ->
    [0] 暫停 { $count } 份電子報？在您恢復之前，訂閱者不會收到任何一期。
   *[other] 暫停 { $count } 份電子報和正在寄送的 { $editions } 期？在您恢復之前，訂閱者不會收到任何一期。
}
admin-resume-all = 全部恢復
admin-resume-own = 恢復我的電子報
admin-resume-all-confirm = 恢復 { $count } 份電子報，以及隨之暫停的各期？
admin-digest-pause = 暫停
admin-digest-resume = 恢復
admin-digest-paused-since = 已暫停，自
admin-digest-paused-effect = 起；恢復之前不會產生或寄送任何一期。
admin-digest-paused-dates = 暫停期間沒有寄送日期。
admin-paused-all = 所有電子報均已暫停，不會寄送任何郵件給訂閱者。
admin-paused-own = 您的電子報均已暫停，不會寄送其郵件。
admin-paused-some = { $count } 份電子報已暫停。
admin-edition-follows-pause = 已隨電子報一同暫停，恢復電子報後會繼續寄送：
admin-done-digest-paused = 電子報已暫停，正在寄送的各期也已一同暫停。
admin-done-digest-resumed = 電子報已恢復。暫停期間錯過的日期不會補寄，相關文章會列入下一期。
admin-done-digests-paused = 已全部暫停：恢復之前不會產生或寄送任何一期。
admin-done-own-digests-paused = 您的電子報已全部暫停：恢復之前不會產生或寄送任何一期。
admin-done-digests-resumed = 已全部恢復。暫停期間錯過的日期不會補寄，相關文章會列入下一期。
admin-done-own-digests-resumed = 您的電子報已全部恢復。暫停期間錯過的日期不會補寄，相關文章會列入下一期。
admin-refused-digest-paused = 未作變更：電子報已處於暫停狀態。
admin-refused-digest-resumed = 未作變更：電子報並未暫停。
admin-refused-edition-paused = 未產生：電子報已暫停，請先恢復。

admin-not-addressed = 未列入本期的訂閱者
admin-not-addressed-pending = { $count } 人當時尚未確認訂閱。
admin-not-addressed-paused = { $count } 人當時已暫停訂閱。
admin-not-addressed-unsubscribed = { $count } 人先前已取消訂閱。
admin-not-addressed-no-story = { $count } 人所選的欄目在本期沒有文章。
admin-not-addressed-suppressed = { $count } 人的電子郵件地址當時已被禁發。
admin-not-addressed-audience = { $count } 人不符合這份電子報的受眾條件。
admin-not-addressed-hint = 人數統計於本期產生之時。語言不會使任何人被排除：沒有對應語言版本的訂閱者會收到首選語言的版本。
admin-not-addressed-nobody = 沒有人被排除，所有訂閱者都會收到本期。
admin-reception-ask = 查詢某人為何收到或未收到
admin-reception-button = 查詢
