# Numbers of the registry, of DFSR's own WMI classes, and of events: nothing here is said in the language of Windows.
param($data)
$netlogon = Get-Item -LiteralPath 'HKLM:\SYSTEM\CurrentControlSet\Services\Netlogon\Parameters'
$moving = 'HKLM:\SYSTEM\CurrentControlSet\Services\DFSR\Parameters\SysVols\Migrating SysVols'
$migration = $null
if (Test-Path -LiteralPath $moving) { $migration = (Get-Item -LiteralPath $moving).GetValue('Local State') }
$machine = Get-CimInstance -Namespace 'root\MicrosoftDFS' -ClassName DfsrMachineConfig
[pscustomobject]@{
    ready = $netlogon.GetValue('SysvolReady')
    migration = $migration
    offline = [int]$machine.MaxOfflineTimeInDays
    now = [DateTime]::UtcNow.ToString('o')
}
$group = "ReplicationGroupName = 'Domain System Volume'"
foreach ($one in Get-CimInstance -Namespace 'root\MicrosoftDFS' -ClassName DfsrReplicatedFolderInfo -Filter $group) {
    [pscustomobject]@{ state = [int]$one.State; error = [long]$one.LastErrorCode }
}
foreach ($number in $data.events) {
    try {
        $last = Get-WinEvent -FilterHashtable @{ LogName = 'DFS Replication'; Id = [int]$number } -MaxEvents 1
        [pscustomobject]@{ event = [int]$number; at = $last.TimeCreated.ToUniversalTime().ToString('o') }
    } catch {
        if ($_.FullyQualifiedErrorId -notlike 'NoMatchingEventsFound,*') { throw }
    }
}
