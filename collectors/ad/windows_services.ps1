# Numbers alone: names of states and of services are shown in the language of Windows, and these are not.
param($data)
Add-Type -AssemblyName System.ServiceProcess
$listed = @{}
foreach ($one in [ServiceProcess.ServiceController]::GetServices()) { $listed[$one.ServiceName] = [int]$one.Status }
foreach ($name in $data.names) {
    $key = 'HKLM:\SYSTEM\CurrentControlSet\Services\' + $name
    $start = $null
    if (Test-Path -LiteralPath $key) { $start = (Get-Item -LiteralPath $key).GetValue('Start') }
    [pscustomobject]@{ name = [string]$name; start = $start; state = $listed[$name] }
}
