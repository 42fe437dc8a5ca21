# Fills a fresh Request Tracker with what the desk tests need: a queue, the account that Secondline uses
# with its token, an account that may only look, one that may comment
# but not see comments, a customer's person and the fields that name customer, category and tags.
# Prints KEY=value lines. RT_SITE_CONFIG names the configuration.
use strict;
use warnings;
use lib '/usr/share/request-tracker5/lib';
use RT;
RT->LoadConfig;
RT->Init;
require RT::AuthToken;

my $system = RT->SystemUser;

sub made {
    my ( $object, %values ) = @_;
    my ( $id, $message ) = $object->Create(%values);
    die "cannot create " . ref($object) . ": $message\n" unless $id;
    return $object;
}

sub token_of {
    my ($user) = @_;
    my ( $id, $message, $token ) = RT::AuthToken->new($system)->Create( Owner => $user->Id, Description => 'desk' );
    die "cannot create a token: $message\n" unless $id;
    return $token;
}

my $queue = made( RT::Queue->new($system), Name => 'Support', CorrespondAddress => 'support@desk.invalid' );
my $writer = made( RT::User->new($system), Name => 'secondline', EmailAddress => 'secondline@desk.invalid', Privileged => 1 );
$writer->PrincipalObj->GrantRight( Right => $_, Object => $queue )
    for qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ModifyTicket CommentOnTicket ReplyToTicket
    OwnTicket SeeCustomField ModifyCustomField DeleteTicket);
my $reader = made( RT::User->new($system), Name => 'looker', EmailAddress => 'looker@desk.invalid', Privileged => 1 );
$reader->PrincipalObj->GrantRight( Right => $_, Object => $queue ) for qw(SeeQueue ShowTicket SeeCustomField);
my $blind = made( RT::User->new($system), Name => 'blind', EmailAddress => 'blind@desk.invalid', Privileged => 1 );
$blind->PrincipalObj->GrantRight( Right => $_, Object => $queue ) for qw(SeeQueue ShowTicket CommentOnTicket);
$_->PrincipalObj->GrantRight( Right => 'ManageAuthTokens', Object => RT->System ) for $writer, $reader, $blind;
made( RT::User->new($system), Name => 'it@musterbau.example', EmailAddress => 'it@musterbau.example', Privileged => 0 );

for my $field ( [ Customer => 'FreeformSingle' ], [ Category => 'FreeformSingle' ], [ Tags => 'FreeformMultiple' ] ) {
    made(
        RT::CustomField->new($system),
        Name       => $field->[0],
        Type       => $field->[1],
        LookupType => RT::Ticket->CustomFieldLookupType
    )->AddToObject($queue);
}

made(
    RT::Scrip->new($system),
    Queue             => 0,
    ScripCondition    => 'On Create',
    ScripAction       => 'User Defined',
    Template          => 'Blank',
    Stage             => 'TransactionBatch',
    CustomCommitCode  => $ENV{RING_SCRIP},
    CustomPrepareCode => '1;',
) if $ENV{RING_SCRIP};

print "WRITER=", token_of($writer), "\n";
print "READER=", token_of($reader), "\n";
print "BLIND=", token_of($blind), "\n";
