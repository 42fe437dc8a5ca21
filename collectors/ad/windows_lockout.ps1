# Fields of events by their names in the XML: the sentences around them are in the language of Windows, and are not read.
param($data)
$reader = 'Diagnostics.Eventing.Reader.EventLog'
$oldest = (New-Object "${reader}Reader" (New-Object "${reader}Query" 'Security', 'LogName', '*')).ReadEvent()
[pscustomobject]@{
    now = [DateTime]::UtcNow.ToString('o')
    since = if ($oldest) { $oldest.TimeCreated.ToUniversalTime().ToString('o') } else { $null }
}
$wanted = @{
    4740 = @{ computer = 'TargetDomainName'; address = ''; status = '' }
    4771 = @{ computer = ''; address = 'IpAddress'; status = '0x18' }
    4776 = @{ computer = 'Workstation'; address = ''; status = '0xc000006a' }
}
$which = ($wanted.Keys | ForEach-Object { "EventID=$_" }) -join ' or '
$path = "*[System[($which) and TimeCreated[timediff(@SystemTime) <= 86400000]]]"
$query = New-Object "${reader}Query" 'Security', 'LogName', $path
$query.ReverseDirection = $true
$events = New-Object "${reader}Reader" $query
$counted = @{}
# A busy controller writes many: the newest ones tell enough.
for ($left = 20000; $left -gt 0 -and ($one = $events.ReadEvent()); $left--) {
    $fields = @{}
    foreach ($field in ([xml]$one.ToXml()).Event.EventData.Data) { $fields[$field.Name] = [string]$field.'#text' }
    $account = $fields['TargetUserName']
    if ($data.accounts -notcontains $account) { continue }
    $told = $wanted[[int]$one.Id]
    if ($told.status -and $fields['Status'] -ne $told.status) { continue }
    $computer = if ($told.computer) { $fields[$told.computer].TrimStart('\') } else { '' }
    $address = if ($told.address) { $fields[$told.address] -replace '^::ffff:', '' } else { '' }
    $key = "$($one.Id)|$account|$computer|$address"
    if (-not $counted[$key]) {
        $counted[$key] = [pscustomobject]@{
            event = [int]$one.Id; account = $account; computer = $computer; address = $address; count = 0
            last = $one.TimeCreated.ToUniversalTime().ToString('o')
        }
    }
    $counted[$key].count++
}
$counted.Values
