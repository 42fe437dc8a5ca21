# Numbers of the registry, and what stands at fixed places in an event's XML: no sentence of Windows is read.
param($data)
$key = Get-Item -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\NTDS\Parameters'
[pscustomobject]@{
    integrity = $key.GetValue('LDAPServerIntegrity')
    binding = $key.GetValue('LdapEnforceChannelBinding')
}
$path = '*[System[(EventID=2887 or EventID=2888 or EventID=2889 or EventID=3039) and ' +
    'TimeCreated[timediff(@SystemTime) <= 86400000]]]'
$query = New-Object Diagnostics.Eventing.Reader.EventLogQuery 'Directory Service', 'LogName', $path
$events = New-Object Diagnostics.Eventing.Reader.EventLogReader $query
$clients = @{}
$counts = @{}
for ($left = 5000; $left -gt 0 -and ($one = $events.ReadEvent()); $left--) {
    $id = [int]$one.Id
    $fields = @(([xml]$one.ToXml()).Event.EventData.Data | ForEach-Object { if ($_ -is [string]) { $_ } else { $_.'#text' } })
    if (-not $counts.ContainsKey($id)) { $counts[$id] = 0; $clients[$id] = @{} }
    if ($id -eq 2887 -or $id -eq 2888) {
        # So many by a simple log-on, and so many by SASL without signature.
        $counts[$id] += [int]$fields[0] + [int]$fields[1]
    } else {
        $counts[$id]++
        $clients[$id][($fields[0] -replace ':\d+$', '')] = $true
    }
}
foreach ($id in $counts.Keys) {
    [pscustomobject]@{ event = $id; clients = @($clients[$id].Keys); count = $counts[$id] }
}
