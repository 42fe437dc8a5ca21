#!/usr/bin/perl
# What must a fresh Request Tracker hold? A queue, its two custom fields, a customer's contact, and a service
# user whose token is printed, alone, on standard output. RT_SITE_CONFIG names the configuration to use.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use RT;
RT->LoadConfig;
RT->Init;
require RT::AuthToken;

my $system = RT->SystemUser;

sub made {
    my ($class, %with) = @_;
    my $object = $class->new($system);
    my ($ok, $said, @more) = $object->Create(%with);
    die "seed: $class: " . ($said // 'no reason given') . "\n" unless $ok;
    return ($object, @more);
}

my ($queue) = made('RT::Queue', Name => 'Support', Description => '2nd Level');
made('RT::User', Name => 'karin.weber@musterbau.test', EmailAddress => 'karin.weber@musterbau.test', Privileged => 0);
my ($service) = made('RT::User', Name => 'secondline', EmailAddress => 'secondline@desk.test', Privileged => 1);

my @rights = qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ModifyTicket CommentOnTicket ReplyToTicket
    SeeCustomField ModifyCustomField);
for my $right (@rights) {
    my ($ok, $said) = $service->PrincipalObj->GrantRight(Right => $right, Object => $queue);
    die "seed: $right: $said\n" unless $ok;
}
for my $field (['Customer', 'FreeformSingle'], ['Tags', 'FreeformMultiple']) {
    my ($made) = made('RT::CustomField', Name => $field->[0], Type => $field->[1],
        LookupType => RT::Ticket->CustomFieldLookupType);
    my ($ok, $said) = $made->AddToObject($queue);
    die "seed: $field->[0]: $said\n" unless $ok;
}
my (undef, $token) = made('RT::AuthToken', Owner => $service->Id, Description => 'secondline');
print "$token\n";
