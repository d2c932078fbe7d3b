<?php

final class Client
{
    public function get(string $url): string
    {
        return file_get_contents($url);
    }
}
