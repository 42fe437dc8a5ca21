# What the registry says of the time service, and what kind of machine this is: words of no language.
param($data)
foreach ($path in $data.keys) {
    $values = @{}
    if (Test-Path -LiteralPath ('HKLM:\' + $path)) {
        $item = Get-Item -LiteralPath ('HKLM:\' + $path)
        foreach ($name in $data.values) {
            $value = $item.GetValue($name)
            if ($null -ne $value) { $values[$name] = [string]$value }
        }
    }
    [pscustomobject]@{ key = [string]$path; values = $values }
}
$system = Get-CimInstance -ClassName Win32_ComputerSystem -Property DomainRole, Manufacturer, Model
$root = [ADSI]'LDAP://localhost/RootDSE'
[pscustomobject]@{
    role = [int]$system.DomainRole
    maker = [string]$system.Manufacturer
    model = [string]$system.Model
    domain = [string]$root.Properties['defaultNamingContext'].Value
    forest = [string]$root.Properties['rootDomainNamingContext'].Value
}
