# 電子郵件與網頁的繁體中文文字。缺少的項目使用英文文字。
language-name = 繁體中文

# --- Digest e-mail
digest-count = { $count } 篇文章
digest-in-browser = 在瀏覽器中檢視
digest-read-more = 閱讀全文
digest-more = 本期其他文章
digest-unlisted = 另有 { $count } 篇文章，請前往：{ $site }
digest-preheader-more = 及更多內容
digest-reason = 您收到這封電子郵件，是因為您訂閱了「{ $digest }」（{ $site }）。
digest-sent-to = 傳送至
digest-unsubscribe = 取消訂閱

# --- Confirmation e-mail
confirm-mail-subject = 請確認訂閱：{ $digests }
confirm-mail-title = 請確認您的訂閱
confirm-mail-reason = 我們收到以 { $address } 訂閱下列內容的申請（{ $site }）：
confirm-mail-instructions = 請開啟以下頁面並確認訂閱。連結 { $days } 天內有效。
confirm-mail-button = 確認訂閱
confirm-mail-link = 如果無法點選按鈕，請將下列連結複製到瀏覽器開啟：
confirm-mail-ignore = 如果您並未提出申請，請忽略這封電子郵件。在您確認之前，我們不會寄送任何內容給您。

# --- All pages
page-feeds = 訂閱來源
page-subscribe = 訂閱
page-mailbox = 收件匣
page-publish = 發布
page-language = 語言
page-skip = 跳至主要內容
page-footer = 採用 Courant 技術
page-back = 返回首頁

# --- Home page
index-title = 用 RSS 閱讀器或電子郵件看新聞
index-lede = 用 RSS 閱讀器訂閱{ $site }，或透過電子郵件接收最新消息。
index-digests = 電子報
index-digests-hint = 定期以電子郵件接收最新文章，隨時可以取消訂閱。
index-digest-next = 下一期：{ $next }
index-digest-paused = 目前暫停寄送郵件。
index-digest-subscribe = 訂閱
index-feeds = RSS 訂閱
index-feeds-hint = 將訂閱來源的網址複製到閱讀器中，三種格式擇一即可。
index-feed-count = { $count ->
    [0] 尚無文章
   *[other] { $count } 篇文章
}
index-feeds-all = 所有訂閱來源
index-opml = 下載所有訂閱來源（OPML）
index-latest = 最新文章
index-empty = 尚無訂閱來源或電子報。
index-about = 使用說明
index-about-feeds = 閱讀器會自動取得新文章，無需註冊，也不必提供電子郵件地址。若不想再收到，在閱讀器中移除訂閱來源即可。
index-about-digests = 訂閱電子報只需填寫電子郵件地址並完成確認{ $choice ->
    [both] ，也可以選擇感興趣的分類與語言
    [sections] ，也可以選擇感興趣的分類
    [language] ，也可以選擇語言
   *[none] {""}
}。

# --- How often a digest is sent ($nth is 1 to 4, or 5 for the last)
list-separator = 、
list-end = 、
weekday = { $day ->
    [1] 週一
    [2] 週二
    [3] 週三
    [4] 週四
    [5] 週五
    [6] 週六
   *[7] 週日
}
month = { $month ->
    [1] 1 月
    [2] 2 月
    [3] 3 月
    [4] 4 月
    [5] 5 月
    [6] 6 月
    [7] 7 月
    [8] 8 月
    [9] 9 月
    [10] 10 月
    [11] 11 月
   *[12] 12 月
}
month-day = { $day } 日
recurrence-minutes = { $count ->
    [1] 每分鐘
   *[other] 每 { $count } 分鐘
}
recurrence-hours = { $count ->
    [1] 每小時
   *[other] 每 { $count } 小時
}
recurrence-daily = 每天 { $times }
recurrence-weekdays = 週一至週五 { $times }
recurrence-weekends = 週六和週日 { $times }
recurrence-weekly = 每{ $days } { $times }
recurrence-first-day = 每月 1 日 { $times }
recurrence-last-day = 每月最後一天 { $times }
recurrence-monthly = 每月 { $days } { $times }
recurrence-nth-weekday = 每月{ $nth ->
    [1] 第一個
    [2] 第二個
    [3] 第三個
    [4] 第四個
   *[5] 最後一個
}{ $weekday } { $times }
recurrence-yearly = 每年 { $month } { $day } 日 { $times }

# --- Banner on the demo's home page
demo-title = 線上示範
demo-next = 下一期電子報將於 { $seconds } 秒後寄出。
demo-soon = 有新文章時，就會寄出下一期電子報。
demo-paused = 電子報目前暫停寄送。
demo-mails = { $count ->
    [0] 尚未收到電子郵件。
   *[other] 已收到 { $count } 封電子郵件。
}
demo-description = 一所虛構的學院會不時發布文章。訂閱來源會立即更新，新文章每分鐘彙整成一期電子報，寄送給訂閱者。
demo-mailbox = 開啟收件匣
demo-publish = 發布文章
demo-admin = 開啟管理後台

# --- Page of a feed
feed-description = 透過訂閱來源，您可以用 RSS 閱讀器追蹤網站的最新內容。閱讀器會定期檢查並顯示新文章，無需註冊，也不必提供電子郵件地址。
feed-instructions = 將訂閱來源的網址複製到閱讀器中。如果不確定該用哪種格式，請選擇 RSS。
feed-subscribe = 訂閱
feed-private = 這是私人訂閱來源。任何人取得網址都能閱讀，請謹慎分享。
feed-copy = 複製
feed-copied = 已複製
feed-contents = 內容
feed-language = 語言
feed-updates = 更新
feed-push = 支援 WebSub 的閱讀器會立即更新，其他閱讀器則於下次檢查時更新
feed-poll = 閱讀器於下次檢查時更新
feed-empty = 尚無文章。
feed-older = 較舊的文章
feed-archive = 彙整：{ $page }
feed-parts = 只訂閱部分內容
feed-parts-hint = 下列各項都是獨立的訂閱來源。
feed-embed = 在您的網站加入此訂閱來源
feed-embed-hint = 將下列程式碼加入網頁的 head 區段，閱讀器即可透過您的網址找到此訂閱來源。

# --- List of feeds
feeds-title = 訂閱來源
feeds-none = 尚無公開的訂閱來源。
feeds-by-topic = 依主題訂閱
feeds-by-topic-hint = 下列各項都是獨立的訂閱來源。
feeds-by-section = 分類
feeds-by-language = 語言
feeds-by-tag = 標籤

# --- Subscribe
subscribe-title = 訂閱電子報
subscribe-lede = 我們會先寄送一封確認信給您。在您確認之前，不會寄送任何其他內容。
subscribe-address = 電子郵件地址
subscribe-name = 姓名
subscribe-optional = 選填
subscribe-digests = 您想訂閱哪些內容？
subscribe-sections = 分類
subscribe-sections-hint = 若未勾選，將收到所有分類。
subscribe-language = 電子郵件語言
subscribe-honeypot = 請勿填寫此欄位
subscribe-button = 訂閱
subscribe-privacy = 您的電子郵件地址僅用於寄送這些電子郵件。每封電子郵件都附有取消訂閱的連結。
subscribe-sent-title = 請查看您的收件匣
subscribe-sent = 我們已將電子郵件寄至 { $address }，請開啟其中的連結，並在頁面上確認訂閱。
subscribe-sent-again = 如果幾分鐘內沒有收到，請檢查垃圾郵件資料夾。如果您先前已經申請過，請使用先前收到的那封電子郵件。
subscribe-error-address = 「{ $address }」不是有效的電子郵件地址，請檢查後再試一次。
subscribe-error-digest = 請至少選擇一份電子報。

# --- Confirm
confirm-title = 確認訂閱
confirm-list = 確認後，您將收到：
confirm-button = 確認訂閱
confirm-not-me = 如果您並未提出申請，關閉此頁面即可。
confirm-done-title = 訂閱成功
confirm-done = 您將收到：
confirm-done-hint = 每封電子郵件都附有取消訂閱的連結。
confirm-already-title = 您已訂閱
confirm-already = 此連結已經使用過，不需要再次確認。您將收到：
choices-next = 下一期
choices-sections = 分類
choices-all-sections = 所有分類
choices-language = 語言
colon = ：

# --- Unsubscribe
unsubscribe-title = 要取消訂閱「{ $digest }」嗎？
unsubscribe-ask = 取消訂閱後，您將不再收到這份電子報，其他訂閱不受影響。
unsubscribe-button = 取消訂閱
unsubscribe-address = 要更換電子郵件地址嗎？請先以新地址訂閱，再在這裡取消訂閱舊地址。
unsubscribe-address-link = 以其他地址訂閱
unsubscribe-done-title = 您已取消訂閱「{ $digest }」
unsubscribe-done = 已經寄出的電子郵件可能仍會送達。
unsubscribe-undo = 復原
unsubscribe-all-ask = 要一併取消訂閱其他電子報嗎？
unsubscribe-all = 取消訂閱所有電子報
unsubscribe-all-done-title = 您已取消訂閱所有電子報
unsubscribe-all-done = 我們不會再寄送電子報給您。您可以隨時重新訂閱。
unsubscribe-undone-title = 已恢復訂閱
unsubscribe-undone = 您將重新收到「{ $digest }」。
unsubscribe-test-title = 取消訂閱連結可以正常使用
unsubscribe-test = 此連結來自測試郵件，未變更任何訂閱。在正式寄送的電子報中，收件者可透過此連結取消訂閱。

# --- Errors
error-not-found-title = 找不到網頁
error-not-found = 請檢查網址，或前往首頁查看所有訂閱來源與電子報。
error-invalid-token-title = 連結無效
error-invalid-token = 連結可能已過期、已使用過或不完整。如需新的確認連結，請重新訂閱。
error-bad-request-title = 無效的請求
error-bad-request = 表單內容不完整或無效，請返回上一頁再試一次。
error-forbidden-title = 請求遭到拒絕
error-forbidden = 此表單來自其他網站。請開啟本站頁面重新填寫。
error-permission-title = 沒有權限
error-permission = 您的帳號沒有執行此操作的權限，請聯絡管理員。
error-method-not-allowed-title = 不支援的請求方式
error-method-not-allowed = 此網址不支援這種請求方式，請返回首頁重新操作。
error-not-acceptable-title = 不支援的編碼
error-not-acceptable = 此頁面沒有您的瀏覽器或閱讀器支援的編碼版本。
error-too-large-title = 提交的內容過多
error-too-large = 表單內容超過上限，請返回上一頁縮短內容後再試一次。
error-too-many-requests-title = 請求過於頻繁
error-too-many-requests = 來自您所在網路的請求過多，請於 { $minutes } 分鐘後再試。
error-too-many-confirmations-title = 請稍後再試
error-too-many-confirmations = 目前訂閱的人較多，確認信暫時無法寄出，請於 10 分鐘後再試。
error-failed-title = 發生錯誤
error-failed = 伺服器發生問題，請於幾分鐘後再試。

# --- Signing in
login-title = 登入
login-name = 使用者名稱
login-password = 密碼
login-button = 登入
login-demo = 登入示範後台
login-help = 還沒有密碼或忘記密碼？請向管理員索取設定密碼的連結。
login-code = 驗證碼
login-code-lede = 請輸入驗證器應用程式顯示的驗證碼。
login-code-recovery = 如果無法使用該應用程式，請輸入一組復原碼。
login-again = 使用其他帳號登入
login-error = 使用者名稱或密碼錯誤。
login-error-code = 驗證碼錯誤或已使用過，請等候下一組驗證碼。
login-error-wait-seconds = 嘗試次數過多，請於 { $seconds } 秒後再試。
login-error-wait-minutes = 嘗試次數過多，請於 { $minutes } 分鐘後再試。
login-provider = 使用{ $provider }登入
error-openid-title = 登入失敗
error-openid = 登入未能完成。請返回登入頁面重新操作，或聯絡管理員。
error-openid-unavailable-title = 暫時無法登入
error-openid-unavailable = 登入服務暫時沒有回應，請於幾分鐘後再試。
password-title = 設定密碼
password-lede = 請為帳號「{ $name }」設定密碼。
password-new = 新密碼
password-hint = 至少 { $count } 個字元
password-repeat = 再次輸入新密碼
password-present = 目前的密碼
password-button = 儲存密碼
password-done-title = 密碼已儲存
password-done = 現在可以使用新密碼登入。
password-error-short = 密碼太短，請至少使用 { $count } 個字元。
password-error-long = 密碼太長，最多 { $count } 個字元。
password-error-common = 這組密碼很容易猜到。請避免使用常見字詞、有規律的字元與您的使用者名稱。
password-error-repeat = 兩次輸入的密碼不一致。
password-error-present = 目前的密碼錯誤，或嘗試次數過多。
error-password-link-title = 連結無效
error-password-link = 連結已過期或已使用過。請向管理員索取新的連結。

# --- The profile of a user
profile-title = 我的帳號
profile-sign-out = 登出
profile-role = 角色
profile-digests = 電子報
profile-password = 密碼
profile-password-hint = 變更密碼後，其他瀏覽器的登入會全部失效。
role-admin = 管理員
role-editor = 編輯
role-lists = 訂閱者管理員
role-viewer = 唯讀使用者
factor-title = 兩步驟驗證
factor-off = 開啟兩步驟驗證後，登入時還需輸入手機應用程式顯示的驗證碼，即使密碼外洩，他人也無法登入。
factor-start-button = 設定兩步驟驗證
factor-scan = 請用驗證器應用程式掃描此 QR 碼，然後輸入應用程式顯示的驗證碼。
factor-qr = 兩步驟驗證金鑰的 QR 碼
factor-secret = 如果無法掃描，請在應用程式中手動輸入此金鑰：
factor-confirm-button = 開啟
factor-on = 兩步驟驗證已開啟。
factor-codes-left = { $count ->
    [0] 復原碼已全部用完。
   *[other] 還剩 { $count } 組復原碼。
}
factor-stop = 關閉兩步驟驗證
factor-stop-button = 關閉
recovery-title = 兩步驟驗證已開啟
recovery-lede = 請妥善保存以下復原碼。手機遺失時，每組復原碼可用於登入一次。這些復原碼不會再次顯示。
recovery-done = 我已保存這些復原碼
sessions-title = 已登入的瀏覽器
sessions-hint = 如有您不認得的登入，請將其結束並變更密碼。
sessions-current = （目前的瀏覽器）
sessions-unknown = 未知的瀏覽器
sessions-times = 登入時間：{ $created }，最近使用：{ $used }
sessions-end = 結束

# --- The demo's inbox
mailbox-title = 收件匣
mailbox-lede = 本示範寄出的所有電子郵件都會出現在這裡，不會寄往其他地方。
mailbox-empty = 尚無電子郵件。請在首頁訂閱，或等待下一期電子報。
mailbox-count = { $count } 封電子郵件
mailbox-shown = 顯示最新的 { $count } 封
mailbox-back = 所有電子郵件
mailbox-from = 寄件者
mailbox-to = 收件者
mailbox-date = 日期
mailbox-headers = 所有郵件標頭
mailbox-html = HTML 版本
mailbox-text = 純文字版本
mailbox-none = 這封電子郵件沒有 HTML 或純文字內容。

# --- Reference of the API
api-title = API
api-lede = 程式可以透過 HTTP 和 JSON 讀取和管理本站內容。
api-token = 每個請求都需要權杖，可用下面的指令建立。用戶端以「Authorization: Bearer TOKEN」的形式傳送權杖。
api-errors = 錯誤以 JSON 格式的問題詳情（RFC 9457）回傳。任何請求都可能回傳 400（格式錯誤）、401（權杖無效）、403（沒有權限）、404（資源不存在）、429（請求過多）、500 和 503；帶內文的請求還可能回傳 413（內文過大）和 415（不是 JSON）；修改請求還可能回傳 412（If-Match 指的是另一個版本）和 428（缺少 If-Match）。
api-common = 清單接受參數 limit（每頁筆數）和 cursor（上一頁的 next 值）。POST 請求可以帶標頭 Idempotency-Key：用同一個鍵重複傳送，不會再次生效。
api-fields = 每項操作下方依次列出其參數和 JSON 請求主體的欄位（必填項標有 *）、各狀態碼的回應以及可以呼叫的角色。沒有範例的操作依上面的方式呼叫，只需換成相應的方法（-X）和路徑。
api-document = 供程式使用的介面描述（OpenAPI 3.1）
api-roles = 角色

# --- The demo's publishing form
publish-title = 發布文章
publish-lede = 文章會立即出現在訂閱來源中，並收錄於該分類訂閱者的下一期電子報。
publish-field-title = 標題
publish-field-text = 內文
publish-field-text-hint = 段落之間請空一行。
publish-field-section = 分類
publish-field-language = 語言
publish-button = 發布
publish-error-title = 請輸入標題。
publish-done-title = 已發布
publish-done = 〈{ $title }〉已出現在訂閱來源中，並將收錄於下一期電子報。
publish-done-feeds = 檢視訂閱來源
publish-done-again = 再發布一篇
