from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tokens', '0003_key_ring_and_session_limits'),
    ]

    operations = [
        migrations.AlterField(
            model_name='session',
            name='revoke_reason',
            field=models.CharField(blank=True, choices=[('logout', 'Logged out'), ('ended', 'Ended from another session'), ('replaced', 'Another login in the same browser'), ('reuse', 'An old refresh token came back'), ('password', 'Password changed or reset'), ('verified', 'Opened before the address was verified'), ('staff', 'Ended by staff'), ('deactivated', 'Account deactivated'), ('closed', 'Account closed'), ('limit', 'Gave way to a newer login'), ('disowned', 'Not recognized by its owner'), ('operator', 'Ended by an operator')], max_length=16),
        ),
    ]
