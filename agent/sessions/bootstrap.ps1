# What runs every script: it comes in base64 on standard input, with its data beside it, and nothing is put together as text.
# The answer is one line of ASCII, so that no code page can spoil it; an error is told by its numbers, in no language.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
try {
    $told = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String((@($input) -join '')))
    $asked = ConvertFrom-Json $told
    $said = @{ answer = @(& ([ScriptBlock]::Create($asked.script)) $asked.data) }
} catch {
    $inner = $_.Exception
    while ($inner.InnerException) { $inner = $inner.InnerException }
    $native = if ($inner -is [ComponentModel.Win32Exception]) { [int]$inner.NativeErrorCode } else { $null }
    $said = @{ error = @{
        id = [string]$_.FullyQualifiedErrorId
        category = [string]$_.CategoryInfo.Category
        hresult = [int]$inner.HResult
        native = $native
    } }
}
$json = ConvertTo-Json -InputObject $said -Depth 8 -Compress
$ascii = [regex]::Replace($json, '[^ -~]', { param($sign) '\u{0:x4}' -f [int][char]$sign.Value })
[Console]::Out.WriteLine('secondline=' + $ascii)
