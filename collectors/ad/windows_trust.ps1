# Numbers and names alone: whether the channel holds, in which domain the machine is, and what Netlogon wrote of it in a day.
param($data)
$machine = Get-CimInstance -ClassName Win32_ComputerSystem
$joined = [bool]$machine.PartOfDomain
[pscustomobject]@{
    joined = $joined
    domain = [string]$machine.Domain
    holds = if ($joined) { [bool](Test-ComputerSecureChannel) } else { $null }
}
$which = ($data.events | ForEach-Object { "EventID=$_" }) -join ' or '
$path = "*[System[Provider[@Name='NETLOGON'] and ($which) and TimeCreated[timediff(@SystemTime) <= 86400000]]]"
$query = New-Object Diagnostics.Eventing.Reader.EventLogQuery 'System', 'LogName', $path
$events = New-Object Diagnostics.Eventing.Reader.EventLogReader $query
$counts = @{}
for ($left = 1000; $left -gt 0 -and ($one = $events.ReadEvent()); $left--) { $counts[[int]$one.Id]++ }
foreach ($id in $counts.Keys) { [pscustomobject]@{ event = $id; count = $counts[$id] } }
